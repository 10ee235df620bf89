package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the files of the host that metrics come from. */
final class Host {
  static final Pattern CPU = Pattern.compile("cpu([0-9]+)", 0);

  final Path proc;
  final Path sys;
  final Path root;
  final Path udev;
  final Flags flags;
  private @Nullable List<String> stat; // of the running collection
  private @Nullable List<Path> cpus; // of the running collection

  Host(NodeConfig config) {
    flags = new Flags(config.flags());
    proc = Path.of(flags.text("path.procfs", config.procfs()));
    sys = Path.of(flags.text("path.sysfs", config.sysfs()));
    root = Path.of(flags.text("path.rootfs", config.rootfs()));
    udev = Path.of(flags.text("path.udev.data", config.udevData()));
  }

  /** Forgets what the collection before has read. */
  void begin() {
    stat = null;
    cpus = null;
  }

  /** Returns the lines of {@code /proc/stat}, read once for a collection. */
  List<String> stat() throws IOException {
    List<String> lines = stat;
    if (lines == null) {
      lines = lines(proc.resolve("stat"));
      stat = lines;
    }
    return lines;
  }

  /** Returns the folders of the processors, listed once for a collection. */
  List<Path> cpus() {
    List<Path> folders = cpus;
    if (folders == null) {
      folders = list(sys.resolve("devices/system/cpu"), CPU);
      cpus = folders;
    }
    return folders;
  }

  /**
   * Returns the content of a file.
   *
   * @throws IOException when it cannot be read, or has more than 16 MiB
   */
  static String text(Path file) throws IOException {
    return new String(KernelFiles.read(file), StandardCharsets.UTF_8);
  }

  /** Returns the stripped content of a file, or null when it cannot be read. */
  static @Nullable String textOrNull(Path file) {
    byte[] bytes = KernelFiles.readOrNull(file);
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8).strip();
  }

  static String textOrEmpty(Path file) {
    String s = textOrNull(file);
    return s == null ? "" : s;
  }

  static List<String> lines(Path file) throws IOException {
    String text = text(file);
    List<String> lines = new ArrayList<>();
    int at = 0;
    while (at < text.length()) {
      int end = text.indexOf('\n', at);
      if (end < 0) {
        end = text.length();
      }
      lines.add(text.substring(at, end));
      at = end + 1;
    }
    return lines;
  }

  /** Returns the words of a line, which blanks part. */
  static String[] words(String line) {
    int count = 0;
    boolean blank = true;
    for (int i = 0; i < line.length(); i++) {
      boolean b = line.charAt(i) <= ' ';
      count += blank && !b ? 1 : 0;
      blank = b;
    }
    String[] words = new String[count];
    int at = 0;
    for (int n = 0; n < count; n++) {
      while (line.charAt(at) <= ' ') {
        at++;
      }
      int begin = at;
      while (at < line.length() && line.charAt(at) > ' ') {
        at++;
      }
      words[n] = line.substring(begin, at);
    }
    return words;
  }

  /** Returns the number in a file, or null when there is none. */
  static @Nullable Double numberOrNull(Path file) {
    String s = textOrNull(file);
    return s == null ? null : parse(s);
  }

  static @Nullable Double parse(String s) {
    try {
      return s.startsWith("0x")
          ? (double) Long.parseUnsignedLong(s, 2, s.length(), 16)
          : unsigned(s);
    } catch (NumberFormatException _) {
      return null;
    }
  }

  /** Parses a number; integers up to 2^64 - 1. */
  static double unsigned(String s) {
    if (s.length() >= 19 && s.indexOf('.') < 0 && s.charAt(0) != '-') {
      return toDouble(Long.parseUnsignedLong(s));
    }
    return Double.parseDouble(s);
  }

  static double toDouble(long unsigned) {
    // half of it fits; its last bit says which way to round
    return unsigned >= 0 ? unsigned : (unsigned >>> 1 | unsigned & 1) * 2.0;
  }

  static double hex(String s) {
    return toDouble(Long.parseUnsignedLong(s, 16));
  }

  /** Returns the entries of a folder by name; empty when there is no such folder. */
  static List<Path> list(Path folder) {
    return list(folder, null);
  }

  /** Returns the entries whose name matches. */
  static List<Path> list(Path folder, @Nullable Pattern name) {
    String[] names = folder.toFile().list(); // cheaper than a stream of paths
    if (names == null) {
      return List.of();
    }
    Arrays.sort(names);
    List<Path> all = new ArrayList<>(names.length);
    for (String n : names) {
      if (name == null || name.matcher(n).matches()) {
        all.add(folder.resolve(n));
      }
    }
    return all;
  }

  static String name(Path p) {
    return p.getFileName().toString();
  }

  static boolean exists(Path p) {
    return Files.exists(p, LinkOption.NOFOLLOW_LINKS);
  }
}
