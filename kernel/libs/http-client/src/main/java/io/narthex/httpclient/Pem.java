package io.narthex.httpclient;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Reads certificates and private keys in PEM form. */
public final class Pem {
  private static final String[] ALGORITHMS = {"RSA", "EC", "EdDSA", "RSASSA-PSS"};

  private static final String NONE = "no certificate in PEM form found";

  private Pem() {}

  /**
   * Returns all certificates of a text.
   *
   * @throws IOException when there is none or one cannot be read
   */
  public static List<X509Certificate> certificates(String text) throws IOException {
    List<X509Certificate> all = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (byte[] der : blocks(text, "CERTIFICATE")) {
        Certificate c = factory.generateCertificate(new ByteArrayInputStream(der));
        all.add((X509Certificate) c);
      }
    } catch (GeneralSecurityException e) {
      throw new IOException("certificate cannot be read: " + e.getMessage(), e);
    }
    if (all.isEmpty()) {
      throw new IOException(NONE);
    }
    return all;
  }

  /**
   * Returns the certificates of a text that can be read; a damaged block costs no other, as in Go's
   * AppendCertsFromPEM.
   *
   * @throws IOException when there is none
   */
  public static List<X509Certificate> authorities(String text) throws IOException {
    List<X509Certificate> all = new ArrayList<>();
    IOException damaged = null;
    for (String part : text.split("(?=-----BEGIN )", -1)) {
      if (part.startsWith("-----BEGIN CERTIFICATE-----")) {
        try {
          all.addAll(certificates(part));
        } catch (IOException e) {
          damaged = e;
        }
      }
    }
    if (all.isEmpty()) {
      throw damaged == null ? new IOException(NONE) : damaged;
    }
    return all;
  }

  /**
   * Returns the private key of a text: PKCS #8, PKCS #1 (RSA) or SEC 1 (EC), not encrypted.
   *
   * @throws IOException when there is none or it cannot be read
   */
  public static PrivateKey privateKey(String text) throws IOException {
    for (byte[] der : blocks(text, "PRIVATE KEY")) {
      return pkcs8(der);
    }
    for (byte[] der : blocks(text, "RSA PRIVATE KEY")) {
      // PrivateKeyInfo { 0, { rsaEncryption, NULL }, OCTET STRING }
      byte[] algorithm = {
        0x30,
        0x0d,
        0x06,
        0x09,
        0x2a,
        (byte) 0x86,
        0x48,
        (byte) 0x86,
        (byte) 0xf7,
        0x0d,
        0x01,
        0x01,
        0x01,
        0x05,
        0x00
      };
      return pkcs8(wrap(algorithm, der));
    }
    for (byte[] der : blocks(text, "EC PRIVATE KEY")) {
      return pkcs8(wrap(ecAlgorithm(der), der));
    }
    if (text.contains("ENCRYPTED")) {
      throw new IOException("private key is encrypted; store it without passphrase");
    }
    throw new IOException("no private key in PEM form found");
  }

  private static PrivateKey pkcs8(byte[] der) throws IOException {
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (GeneralSecurityException _) {
        // the next algorithm may fit
      }
    }
    throw new IOException("private key cannot be read: neither RSA, EC nor EdDSA in PKCS #8");
  }

  /** Returns the algorithm identifier with the curve, which is element [0] of a SEC 1 key. */
  private static byte[] ecAlgorithm(byte[] der) throws IOException {
    for (int i = 0; i + 4 < der.length; i++) {
      if ((der[i] & 0xff) == 0xa0 && der[i + 2] == 0x06 && der[i + 1] == der[i + 3] + 2) {
        int n = der[i + 1];
        byte[] ecPublicKey = {0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01};
        byte[] out = new byte[2 + ecPublicKey.length + n];
        out[0] = 0x30;
        out[1] = (byte) (ecPublicKey.length + n);
        System.arraycopy(ecPublicKey, 0, out, 2, ecPublicKey.length);
        System.arraycopy(der, i + 2, out, 2 + ecPublicKey.length, n);
        return out;
      }
    }
    throw new IOException("EC private key names no curve; convert it to PKCS #8");
  }

  private static byte[] wrap(byte[] algorithm, byte[] key) {
    byte[] version = {0x02, 0x01, 0x00};
    byte[] octets = tagged(0x04, key);
    byte[] body = new byte[version.length + algorithm.length + octets.length];
    System.arraycopy(version, 0, body, 0, version.length);
    System.arraycopy(algorithm, 0, body, version.length, algorithm.length);
    System.arraycopy(octets, 0, body, version.length + algorithm.length, octets.length);
    return tagged(0x30, body);
  }

  private static byte[] tagged(int tag, byte[] body) {
    int n = body.length;
    byte[] head =
        n < 0x80
            ? new byte[] {(byte) tag, (byte) n}
            : n < 0x100
                ? new byte[] {(byte) tag, (byte) 0x81, (byte) n}
                : new byte[] {(byte) tag, (byte) 0x82, (byte) (n >> 8), (byte) n};
    byte[] out = new byte[head.length + n];
    System.arraycopy(head, 0, out, 0, head.length);
    System.arraycopy(body, 0, out, head.length, n);
    return out;
  }

  private static List<byte[]> blocks(String text, String kind) throws IOException {
    List<byte[]> all = new ArrayList<>();
    String begin = "-----BEGIN " + kind + "-----";
    String end = "-----END " + kind + "-----";
    int at = text.indexOf(begin);
    while (at >= 0) {
      int stop = text.indexOf(end, at);
      if (stop < 0) {
        throw new IOException("PEM block " + kind + " has no end");
      }
      String base64 = text.substring(at + begin.length(), stop);
      try {
        all.add(Base64.getMimeDecoder().decode(base64.getBytes(StandardCharsets.US_ASCII)));
      } catch (IllegalArgumentException e) {
        throw new IOException("PEM block " + kind + " is not base64: " + e.getMessage(), e);
      }
      at = text.indexOf(begin, stop);
    }
    return all;
  }
}
