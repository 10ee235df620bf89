package io.narthex.httpclient;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.StandardConstants;
import org.jspecify.annotations.Nullable;

/**
 * Names of servers in TLS, by the rules of Go's crypto/x509 and crypto/tls: only subject
 * alternative names count, a wildcard stands for the whole first label, addresses are compared as
 * such, and names may have underscores, which the JDK refuses.
 */
final class CertificateNames {
  private static final int DNS = 2; // RFC 5280, GeneralName
  private static final int IP = 7;
  private static final int MOST_SHOWN = 100;
  private static final int LONGEST_NAME = 255;
  private static final String SAN = "2.5.29.17";
  private static final Pattern IPV4 =
      Pattern.compile(
          "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}",
          0);
  private static final Pattern COMMON_NAME =
      Pattern.compile("(?:^|[,+])CN=((?:\\\\.|[^,+\\\\])*)", 0);

  private CertificateNames() {}

  /**
   * Checks whether a certificate is valid for a host.
   *
   * @param host a name or an address, which may stand in brackets
   * @throws CertificateException when it is not, in the words of the original
   */
  static void verify(X509Certificate certificate, String host) throws CertificateException {
    List<String> names = new ArrayList<>();
    List<String> addresses = new ArrayList<>();
    Collection<List<?>> all = certificate.getSubjectAlternativeNames();
    for (List<?> name : all == null ? List.<List<?>>of() : all) {
      if (name.get(0) instanceof Integer type && name.get(1) instanceof String text) {
        if (type == DNS) {
          names.add(text);
        } else if (type == IP) {
          addresses.add(text);
        }
      }
    }
    InetAddress address = address(host);
    if (address != null) {
      for (String valid : addresses) {
        if (address.equals(address(valid))) {
          return;
        }
      }
      String plain = unbracketed(host);
      throw new CertificateException(
          addresses.isEmpty()
              ? "x509: cannot validate certificate for "
                  + plain
                  + " because it doesn't contain any IP SANs"
              : others(addresses, plain));
    }
    for (String name : names) {
      if (isHostName(host, false) && isHostName(name, true)
          ? matches(name, host)
          : isExactly(name, host)) {
        return;
      }
    }
    boolean legacy = certificate.getExtensionValue(SAN) == null;
    if (legacy && matches(commonName(certificate), host)) {
      throw new CertificateException(
          "x509: certificate relies on legacy Common Name field, use SANs instead");
    }
    throw new CertificateException(
        names.isEmpty()
            ? "x509: certificate is not valid for any names, but wanted to match " + host
            : others(names, host));
  }

  private static String others(List<String> valid, String host) {
    return valid.size() > MOST_SHOWN
        ? "x509: certificate is valid for " + valid.size() + " names, but none matched " + host
        : "x509: certificate is valid for " + String.join(", ", valid) + ", not " + host;
  }

  /** Returns the last common name, or empty. */
  static String commonName(X509Certificate certificate) {
    Matcher m = COMMON_NAME.matcher(certificate.getSubjectX500Principal().getName());
    // the text is that of RFC 2253, which begins with the last part
    return m.find() ? m.group(1).replaceAll("\\\\(.)", "$1") : "";
  }

  /** Returns the labels of a name without the dot at its end. */
  private static String[] labels(String name) {
    return withoutDot(name).split("\\.", -1);
  }

  private static String withoutDot(String name) {
    return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
  }

  private static boolean isHostName(String name, boolean pattern) {
    String[] labels = pattern ? name.split("\\.", -1) : labels(name);
    if (name.isEmpty() || name.equals("*")) {
      return false;
    }
    for (int i = 0; i < labels.length; i++) {
      boolean wildcard = pattern && i == 0 && labels[i].equals("*");
      if (!wildcard && !labels[i].matches("[A-Za-z0-9_][A-Za-z0-9_-]*")) {
        return false;
      }
    }
    return true;
  }

  private static boolean isExactly(String name, String host) {
    return !name.isEmpty() && !name.equals(".") && lower(name).equals(lower(host));
  }

  private static boolean matches(String pattern, String host) {
    String[] wanted = lower(pattern).split("\\.", -1);
    String[] labels = labels(lower(host));
    if (pattern.isEmpty() || withoutDot(host).isEmpty() || wanted.length != labels.length) {
      return false;
    }
    for (int i = 0; i < labels.length; i++) {
      if (!(i == 0 && wanted[0].equals("*")) && !wanted[i].equals(labels[i])) {
        return false;
      }
    }
    return true;
  }

  private static String lower(String name) {
    return name.toLowerCase(Locale.ROOT);
  }

  private static String unbracketed(String host) {
    return host.length() > 2 && host.startsWith("[") && host.endsWith("]")
        ? host.substring(1, host.length() - 1)
        : host;
  }

  /** Returns the address that a text is, or null when it is a name. */
  private static @Nullable InetAddress address(String host) {
    String plain = unbracketed(host);
    if (plain.indexOf(':') < 0 ? !IPV4.matcher(plain).matches() : plain.indexOf('%') >= 0) {
      return null;
    }
    try {
      return InetAddress.ofLiteral(plain);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /**
   * Returns what is sent as server name indication: a name without the dot at its end; nothing for
   * an address.
   */
  static List<SNIServerName> indication(@Nullable String host) {
    if (host == null) {
      return List.of();
    }
    String plain = unbracketed(host);
    int zone = plain.indexOf(':') < 0 ? -1 : plain.indexOf('%');
    String name = withoutDot(zone < 0 ? plain : plain.substring(0, zone));
    boolean none = name.isEmpty() || name.indexOf(':') >= 0 || address(name) != null;
    return none || name.length() > LONGEST_NAME ? List.of() : List.of(new HostName(name));
  }

  /** A name as it is; the JDK's own class refuses underscores. */
  private static final class HostName extends SNIServerName {
    HostName(String name) {
      super(StandardConstants.SNI_HOST_NAME, name.getBytes(StandardCharsets.UTF_8));
    }
  }
}
