package io.narthex.itests;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;

/** Keys and certificates signed by themselves, as files in PEM form, made by the JDK's keytool. */
final class PemFiles {
  private static final String PASSWORD = "changeit";

  private PemFiles() {}

  /** Writes {@code NAME.pem} and {@code NAME.key}; {@code names} in keytool's form of a SAN. */
  static void create(Path folder, String name, String names)
      throws IOException, InterruptedException, GeneralSecurityException {
    Path file = folder.resolve(name + ".p12");
    TlsFiles.keytool(
        List.of("-storetype", "PKCS12", "-keystore", file.toString(), "-storepass", PASSWORD),
        "-genkeypair",
        "-alias",
        "a",
        "-keyalg",
        "EC",
        "-groupname",
        "secp256r1",
        "-dname",
        "CN=" + name,
        "-ext",
        names);
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, PASSWORD.toCharArray());
    }
    write(folder.resolve(name + ".pem"), "CERTIFICATE", store.getCertificate("a").getEncoded());
    write(
        folder.resolve(name + ".key"),
        "PRIVATE KEY",
        store.getKey("a", PASSWORD.toCharArray()).getEncoded());
  }

  private static void write(Path file, String kind, byte[] der) throws IOException {
    String base64 =
        Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII)).encodeToString(der);
    Files.writeString(
        file, "-----BEGIN " + kind + "-----\n" + base64 + "\n-----END " + kind + "-----\n");
  }
}
