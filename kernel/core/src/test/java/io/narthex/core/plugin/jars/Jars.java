package io.narthex.core.plugin.jars;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Makes jars of entry names and texts. */
public final class Jars {
  public static final String DISCOVERY_SERVICE =
      "META-INF/services/io.narthex.spi.discovery.DiscoveryProvider";

  private Jars() {}

  public static byte[] bytes(Map<String, String> entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, String> e : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(e.getKey()));
        zip.write(e.getValue().getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
    return bytes.toByteArray();
  }

  public static Path write(Path file, Map<String, String> entries) throws IOException {
    return Files.write(file, bytes(entries));
  }

  /** Returns a plain plugin jar; manifest lines are given without line ends. */
  public static Path plugin(Path file, String... manifest) throws IOException {
    Map<String, String> entries = new LinkedHashMap<>();
    entries.put(
        "META-INF/MANIFEST.MF",
        "Manifest-Version: 1.0\n"
            + String.join("\n", manifest)
            + (manifest.length > 0 ? "\n" : ""));
    entries.put(DISCOVERY_SERVICE, "# the provider\ncom.acme.AcmeProvider # really\n\n");
    entries.put("com/acme/AcmeProvider.class", "no class");
    return write(file, entries);
  }
}
