package io.narthex.httpclient;

import java.security.cert.CertificateException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/** Failures of TLS in the words of Go's crypto/tls. */
final class TlsFailure {
  private static final Pattern ALERT =
      Pattern.compile("(?:\\([a-z_]+\\) )?Received fatal alert: ([a-z_]+)", 0);
  private static final Pattern OWN_ALERT = Pattern.compile("^\\([a-z_]+\\) ", 0);

  /** Alerts whose text is not their name with blanks. */
  private static final Map<String, String> ALERTS =
      Map.ofEntries(
          Map.entry("certificate_revoked", "revoked certificate"),
          Map.entry("certificate_expired", "expired certificate"),
          Map.entry("certificate_unknown", "unknown certificate"),
          Map.entry("unknown_ca", "unknown certificate authority"),
          Map.entry("decode_error", "error decoding message"),
          Map.entry("decrypt_error", "error decrypting message"),
          Map.entry("protocol_version", "protocol version not supported"),
          Map.entry("insufficient_security", "insufficient security level"),
          Map.entry("unknown_psk_identity", "unknown PSK identity"),
          Map.entry("bad_record_mac", "bad record MAC"));

  private TlsFailure() {}

  /** Returns what went wrong: on this side, with the peer's certificate, or according to it. */
  static String text(SSLException failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof CertificateException) {
        return "tls: " + t.getMessage();
      }
    }
    String message = String.valueOf(failure.getMessage());
    Matcher alert = ALERT.matcher(message);
    if (alert.matches()) {
      String name = alert.group(1);
      return "remote error: tls: " + ALERTS.getOrDefault(name, name.replace('_', ' '));
    }
    return "tls: " + OWN_ALERT.matcher(message).replaceFirst("");
  }
}
