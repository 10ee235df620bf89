package io.narthex.httpclient;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/**
 * Refuses signatures by SHA-1 and older, which prove nothing, as Go's crypto/x509 does; those of
 * trusted certificates themselves need prove nothing. The JDK takes SHA-1 from authorities that are
 * not its own.
 */
public final class ChainSignatures {
  private static final int LONGEST_CHAIN = 100;

  private final Set<X509Certificate> trusted;
  private final Set<X500Principal> issuers = new HashSet<>();

  /** Creates a check for chains that end at one of some certificates. */
  public ChainSignatures(X509Certificate[] trusted) {
    this.trusted = new HashSet<>(List.of(trusted));
    this.trusted.forEach(c -> issuers.add(c.getSubjectX500Principal()));
  }

  /**
   * Follows a chain from its first certificate up to one that a trusted one has signed.
   *
   * @throws CertificateException for a signature that proves nothing, in the words of the original
   */
  public void check(X509Certificate[] chain) throws CertificateException {
    X509Certificate at = chain[0];
    for (int i = 0; i < LONGEST_CHAIN && at != null && !trusted.contains(at); i++) {
      X500Principal issuer = at.getIssuerX500Principal();
      X509Certificate next = issuers.contains(issuer) ? null : find(chain, issuer, at);
      String weak = weakAlgorithm(at);
      if (weak != null) {
        X509Certificate by = next;
        for (X509Certificate candidate : trusted) {
          by = candidate.getSubjectX500Principal().equals(issuer) ? candidate : by;
        }
        if (by != null) {
          throw new CertificateException(
              "x509: certificate signed by unknown authority (possibly because of \"x509: cannot"
                  + " verify signature: insecure algorithm "
                  + weak
                  + "\" while trying to verify candidate authority certificate \""
                  + CertificateNames.commonName(by)
                  + "\")");
        }
      }
      at = next;
    }
  }

  private static @Nullable X509Certificate find(
      X509Certificate[] chain, X500Principal subject, X509Certificate not) {
    for (X509Certificate c : chain) {
      if (!c.equals(not) && c.getSubjectX500Principal().equals(subject)) {
        return c;
      }
    }
    return null;
  }

  /** Returns Go's name of the algorithm of a signature that proves nothing; null: it does. */
  private static @Nullable String weakAlgorithm(X509Certificate certificate) {
    return switch (certificate.getSigAlgName().toUpperCase(Locale.ROOT)) {
      case "SHA1WITHRSA" -> "SHA1-RSA";
      case "SHA1WITHECDSA" -> "ECDSA-SHA1";
      case "SHA1WITHDSA" -> "DSA-SHA1";
      case "MD5WITHRSA" -> "MD5-RSA";
      case "MD2WITHRSA" -> "MD2-RSA";
      default -> null;
    };
  }
}
