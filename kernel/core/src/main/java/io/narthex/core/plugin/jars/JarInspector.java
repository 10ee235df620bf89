package io.narthex.core.plugin.jars;

import io.narthex.service.plugins.PluginService.PluginException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Inspects a plugin jar without running its code. */
public final class JarInspector {
  private static final Logger LOG = LoggerFactory.getLogger(JarInspector.class);

  private static final Pattern OURS =
      Pattern.compile("(java|io/narthex/(model|spi|service))/.*\\.class", 0);

  private static final long MAX_UNPACKED = 512L << 20;
  private static final int MAX_ENTRIES = 50_000;
  private static final int MAX_TEXT = 1 << 20; // of the manifest and each service file
  private static final Pattern VERSION_IN_NAME =
      Pattern.compile("^(.+?)-([0-9][0-9A-Za-z._-]*)\\.jar$", 0);
  private static final Pattern BSN = Pattern.compile("[A-Za-z0-9_.-]+", 0);

  /**
   * What a jar declares.
   *
   * @param id symbolic name, module name, or the file's name without version
   * @param bundle whether it is an OSGi bundle already
   * @param services provider classes by SPI interface, from META-INF/services
   * @param nestedJars jars inside it that belong on its class path
   */
  public record JarInfo(
      String id,
      String name,
      String version,
      String sha256,
      boolean bundle,
      Map<String, List<String>> services,
      List<String> nestedJars) {}

  private JarInspector() {}

  /**
   * Reads a jar's manifest and service files.
   *
   * @param file not written by others meanwhile; see {@link KeptJars#inspectCopy}
   * @param fileName the name users know it by
   * @throws PluginException when it is not a usable plugin; the message says why
   */
  public static JarInfo inspect(Path file, String fileName) {
    return inspect(file, fileName, true);
  }

  /**
   * Inspects a shipped jar. Its entries are not read, which would slow down the start: the sizes in
   * its directory are trusted.
   */
  public static JarInfo inspectShipped(Path file, String fileName) {
    return inspect(file, fileName, false);
  }

  private static JarInfo inspect(Path file, String fileName, boolean readThrough) {
    try (JarFile jar = new JarFile(file.toFile(), false)) {
      Map<String, List<String>> services = new LinkedHashMap<>();
      List<String> nested = new ArrayList<>();
      String ignored = null;
      if (readThrough) {
        checkEntries(jar, fileName);
      }
      for (ZipEntry entry : Collections.list(jar.entries())) {
        String name = entry.getName();
        if (name.startsWith("META-INF/services/io.narthex.spi.") && !entry.isDirectory()) {
          services.put(name.substring("META-INF/services/".length()), serviceLines(jar, entry));
        } else if (name.equalsIgnoreCase(JarFile.MANIFEST_NAME)) {
          small(jar, entry);
        } else if (name.startsWith("META-INF/lib/") && name.endsWith(".jar")) {
          nested.add(name);
        } else if (ignored == null && isIgnored(name)) {
          ignored = name;
        }
      }
      if (readThrough && ignored != null) {
        LOG.warn(
            "plugins: {}: has classes of the server or the JDK inside, for example {}; they are"
                + " ignored, leave them out",
            fileName,
            ignored);
      }
      Manifest manifest = jar.getManifest();
      Attributes attributes = manifest == null ? new Attributes() : manifest.getMainAttributes();
      String symbolicName = firstClause(attributes.getValue("Bundle-SymbolicName"));
      if (attributes.getValue("Fragment-Host") != null && symbolicName != null) {
        throw new PluginException(
            fileName + ": is a fragment of another bundle; a plugin must stand on its own");
      }
      boolean bundle =
          symbolicName != null && attributes.getValue("Bundle-ManifestVersion") != null;
      if (!bundle && services.isEmpty()) {
        throw new PluginException(
            fileName
                + ": is not a plugin: neither an OSGi bundle nor a jar with"
                + " META-INF/services/io.narthex.spi.…; see the guide for plugin authors");
      }
      Matcher named = VERSION_IN_NAME.matcher(fileName);
      boolean nameHasVersion = named.matches();
      String id =
          symbolicName != null ? symbolicName : attributes.getValue("Automatic-Module-Name");
      if (id == null) {
        id = nameHasVersion ? named.group(1) : fileName.replaceFirst("\\.jar$", "");
      }
      if (!BSN.matcher(id).matches() || id.startsWith(".")) {
        throw new PluginException(
            fileName
                + ": the plugin's id must consist of letters, digits and ._-, got \""
                + id
                + "\"");
      }
      String version = attributes.getValue("Bundle-Version");
      if (version == null) {
        version = attributes.getValue("Implementation-Version");
      }
      if (version == null) {
        version = nameHasVersion ? named.group(2) : "0.0.0";
      }
      String name = attributes.getValue("Bundle-Name");
      return new JarInfo(
          id,
          name == null ? id : name,
          osgiVersion(version),
          sha256(file),
          bundle,
          Map.copyOf(services),
          List.copyOf(nested));
    } catch (IOException e) {
      throw new PluginException(fileName + ": is not a readable jar: " + e.getMessage());
    }
  }

  /**
   * Returns whether an entry is a class of a package that always comes from the server or the JDK.
   */
  static boolean isIgnored(String entry) {
    return OURS.matcher(entry).matches();
  }

  /** Reads all entries: sizes in the directory may be wrong, and this finds damaged entries. */
  private static void checkEntries(JarFile jar, String fileName) throws IOException {
    long unpacked = 0;
    int entries = 0;
    byte[] buffer = new byte[1 << 16];
    for (ZipEntry entry : Collections.list(jar.entries())) {
      String name = entry.getName();
      if (name.startsWith("/") || name.contains("..")) {
        for (String part : name.split("[/\\\\]", -1)) {
          if (part.equals("..") || name.startsWith("/")) {
            throw new PluginException(
                fileName + ": has an entry outside itself: \"" + name + "\"; refused");
          }
        }
      }
      if (++entries > MAX_ENTRIES) {
        throw tooLarge(fileName);
      }
      try (InputStream in = jar.getInputStream(entry)) {
        for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
          unpacked += n;
          if (unpacked > MAX_UNPACKED) {
            throw tooLarge(fileName);
          }
        }
      } catch (ZipException e) {
        throw new PluginException(
            fileName
                + ": entry \""
                + name
                + "\" is damaged: "
                + e.getMessage()
                + "; copy the jar again");
      }
    }
  }

  private static PluginException tooLarge(String fileName) {
    return new PluginException(
        fileName
            + ": unpacks to more than "
            + (MAX_UNPACKED >> 20)
            + " MiB or "
            + MAX_ENTRIES
            + " files; refused");
  }

  private static List<String> serviceLines(JarFile jar, ZipEntry entry) throws IOException {
    return new String(small(jar, entry), StandardCharsets.UTF_8)
        .lines()
        .map(line -> line.replaceFirst("#.*$", "").strip())
        .filter(text -> !text.isEmpty())
        .toList();
  }

  /** Reads an entry into memory. */
  private static byte[] small(JarFile jar, ZipEntry entry) throws IOException {
    try (InputStream in = jar.getInputStream(entry)) {
      byte[] bytes = in.readNBytes(MAX_TEXT + 1);
      if (bytes.length > MAX_TEXT) {
        throw new PluginException(
            entry.getName() + " is larger than " + (MAX_TEXT >> 20) + " MiB; refused");
      }
      return bytes;
    }
  }

  private static @Nullable String firstClause(@Nullable String header) {
    return header == null ? null : header.split(";", 2)[0].strip();
  }

  /** Returns a version in OSGi form: three numbers and a qualifier. */
  static String osgiVersion(String version) {
    Matcher m =
        Pattern.compile("^(\\d{1,9})(?:\\.(\\d{1,9}))?(?:\\.(\\d{1,9}))?(?:[.-](.*))?$", 0)
            .matcher(version);
    if (!m.matches()) {
      return "0.0.0." + version.replaceAll("[^A-Za-z0-9_-]", "_");
    }
    String base =
        m.group(1)
            + "."
            + (m.group(2) == null ? "0" : m.group(2))
            + "."
            + (m.group(3) == null ? "0" : m.group(3));
    return m.group(4) == null || m.group(4).isEmpty()
        ? base
        : base + "." + m.group(4).replaceAll("[^A-Za-z0-9_-]", "_");
  }

  /** Returns the digest of a file, 64 hexadecimal digits. */
  public static String sha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[1 << 16];
      for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest()).toLowerCase(Locale.ROOT);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
