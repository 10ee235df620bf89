package io.narthex.httpclient;

import java.net.Socket;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Decides on servers' certificates as Go's crypto/x509 does, and in its words: their time, their
 * names, then the chain up to a trusted one. The JDK builds the chain; it would check the names by
 * rules of its own, so that it is not asked to.
 */
final class ServerTrust extends X509ExtendedTrustManager {
  /** What Go puts in front of all these. */
  private static final String PREFIX = "failed to verify certificate: ";

  private final X509ExtendedTrustManager chains;
  private final ChainSignatures signatures;

  /** Creates one that trusts what {@code chains} does. */
  ServerTrust(X509ExtendedTrustManager chains) {
    this.chains = chains;
    signatures = new ChainSignatures(chains.getAcceptedIssuers());
  }

  /** The JDK's part of the check. */
  private interface ChainCheck {
    void run() throws CertificateException;
  }

  private void check(X509Certificate[] chain, @Nullable SSLSession session, ChainCheck rest)
      throws CertificateException {
    try {
      checkTime(chain[0]);
      String host = session == null ? null : session.getPeerHost();
      if (host == null || host.isEmpty()) {
        throw new CertificateException("x509: the host to verify is not known");
      }
      CertificateNames.verify(chain[0], host);
      signatures.check(chain);
      checkChain(rest);
    } catch (CertificateException e) {
      throw new CertificateException(PREFIX + e.getMessage(), e);
    }
  }

  private static void checkTime(X509Certificate certificate) throws CertificateException {
    Date now = new Date();
    boolean early = now.before(certificate.getNotBefore());
    if (early || now.after(certificate.getNotAfter())) {
      throw new CertificateException(
          "x509: certificate has expired or is not yet valid: current time "
              + seconds(now)
              + (early ? " is before " : " is after ")
              + seconds(early ? certificate.getNotBefore() : certificate.getNotAfter()));
    }
  }

  private static Instant seconds(Date time) {
    return time.toInstant().truncatedTo(ChronoUnit.SECONDS);
  }

  private static void checkChain(ChainCheck rest) throws CertificateException {
    try {
      rest.run();
    } catch (CertificateException e) {
      for (Throwable t = e; t != null; t = t.getCause()) {
        if (t instanceof CertificateExpiredException
            || t instanceof CertificateNotYetValidException) {
          throw new CertificateException("x509: certificate has expired or is not yet valid", e);
        }
      }
      for (Throwable t = e; t != null; t = t.getCause()) {
        if (t instanceof CertPathBuilderException) {
          throw new CertificateException("x509: certificate signed by unknown authority", e);
        }
      }
      throw new CertificateException("x509: " + e.getMessage(), e);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    check(
        chain, engine.getHandshakeSession(), () -> chains.checkServerTrusted(chain, type, engine));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    check(
        chain,
        socket instanceof SSLSocket tls ? tls.getHandshakeSession() : null,
        () -> chains.checkServerTrusted(chain, type, socket));
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    check(chain, null, () -> chains.checkServerTrusted(chain, type));
  }

  private static CertificateException thisIsAClient() {
    return new CertificateException("this side is the client");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    throw thisIsAClient();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    throw thisIsAClient();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    throw thisIsAClient();
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return chains.getAcceptedIssuers();
  }
}
