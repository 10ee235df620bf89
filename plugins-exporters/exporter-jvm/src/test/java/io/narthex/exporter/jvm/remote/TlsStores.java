package io.narthex.exporter.jvm.remote;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Key stores made by the JDK's keytool. */
public final class TlsStores {
  /** Of every store and key. */
  public static final String PASSWORD = "changeit";

  private TlsStores() {}

  /** Makes {@code NAME.p12} with a key and {@code NAME-trust.p12} with its certificate. */
  public static void make(Path folder, String name, String subjectAlternativeName)
      throws IOException, InterruptedException {
    keytool(
        "-genkeypair",
        "-alias",
        name,
        "-keyalg",
        "EC",
        "-dname",
        "CN=" + name,
        "-ext",
        "san=" + subjectAlternativeName,
        "-keystore",
        folder.resolve(name + ".p12").toString());
    keytool(
        "-exportcert",
        "-alias",
        name,
        "-file",
        folder.resolve(name + ".crt").toString(),
        "-keystore",
        folder.resolve(name + ".p12").toString());
    keytool(
        "-importcert",
        "-noprompt",
        "-alias",
        name,
        "-file",
        folder.resolve(name + ".crt").toString(),
        "-keystore",
        folder.resolve(name + "-trust.p12").toString());
  }

  private static void keytool(String... arguments) throws IOException, InterruptedException {
    List<String> command =
        new java.util.ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
    command.addAll(List.of(arguments));
    command.addAll(List.of("-storepass", PASSWORD, "-storetype", "PKCS12"));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException("keytool: " + output);
    }
  }
}
