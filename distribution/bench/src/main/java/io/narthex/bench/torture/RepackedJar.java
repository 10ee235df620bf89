package io.narthex.bench.torture;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.Deflater;

/**
 * A bundle of the assembled server, repacked as a later version of itself whose code differs: a
 * string in one of its classes has the mark of the cycle.
 */
final class RepackedJar {
  private final Manifest manifest;
  private final Map<String, byte[]> files = new LinkedHashMap<>();
  private final String fileName;
  private final VersionMark mark;

  private RepackedJar(Manifest manifest, String fileName, VersionMark mark) {
    this.mark = mark;
    this.manifest = manifest;
    this.fileName = fileName;
  }

  /**
   * Reads the one jar of a folder whose name is {@code artifact-VERSION.jar}.
   *
   * @param mark what differs
   * @throws IOException when it is not there or is no bundle
   */
  static RepackedJar read(Path folder, String artifact, VersionMark mark) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      Path jar =
          all.filter(p -> String.valueOf(p.getFileName()).matches(artifact + "-[0-9][^/]*\\.jar"))
              .findFirst()
              .orElseThrow(() ->
                  new IOException(artifact + " is not in " + folder + "; build the distribution"));
      return open(jar, artifact + ".jar", mark);
    }
  }

  private static RepackedJar open(Path path, String fileName, VersionMark mark) throws IOException {
    try (JarFile jar = new JarFile(path.toFile(), false)) {
      Manifest manifest = jar.getManifest();
      if (manifest == null || manifest.getMainAttributes().getValue("Bundle-Version") == null) {
        throw new IOException(path + ": is no bundle with a version");
      }
      RepackedJar copy = new RepackedJar(manifest, fileName, mark);
      for (JarEntry entry : Collections.list(jar.entries())) {
        if (!entry.isDirectory() && !entry.getName().equals(JarFile.MANIFEST_NAME)) {
          try (InputStream in = jar.getInputStream(entry)) {
            copy.files.put(entry.getName(), in.readAllBytes());
          }
        }
      }
      if (!copy.files.containsKey(mark.file())) {
        throw new IOException(path + ": " + mark.file() + " is not in it");
      }
      return copy;
    }
  }

  /** Returns the mark that distinguishes its versions. */
  VersionMark mark() {
    return mark;
  }

  /** Returns the name users would give the file. */
  String fileName() {
    return fileName;
  }

  /** Returns the symbolic name, which is the plugin's id. */
  String id() {
    String name =
        Objects.requireNonNull(manifest.getMainAttributes().getValue("Bundle-SymbolicName"));
    return name.replaceFirst(";.*", "").strip();
  }

  /** Returns the version of a cycle: later than the built one and than those of earlier cycles. */
  String version(int cycle) {
    String[] parts = builtVersion().split("\\.", 4);
    return parts[0] + "." + (parts.length > 1 ? parts[1] : "0") + "." + (1000 + cycle);
  }

  private String builtVersion() {
    return Objects.requireNonNull(manifest.getMainAttributes().getValue("Bundle-Version"));
  }

  /** Returns the jar of a cycle; its digest differs from that of every other cycle. */
  byte[] bytes(int cycle) throws IOException {
    Manifest raised = new Manifest(manifest);
    Attributes attributes = raised.getMainAttributes();
    attributes.putValue("Bundle-Version", version(cycle));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JarOutputStream jar = new JarOutputStream(out, raised)) {
      jar.setLevel(Deflater.BEST_SPEED);
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        jar.putNextEntry(new JarEntry(file.getKey()));
        jar.write(
            file.getKey().equals(mark.file())
                ? ConstantPool.replace(
                    file.getValue(), mark.text(), mark.text() + VersionMark.of(cycle))
                : file.getValue());
        jar.closeEntry();
      }
    }
    return out.toByteArray();
  }
}
