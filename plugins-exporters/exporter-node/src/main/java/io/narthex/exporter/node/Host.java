package io.narthex.exporter.node;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the files of the host that metrics come from. */
final class Host {
  static final int MAX_FILE_BYTES = 16 << 20;
  private static final int PIECE_BYTES = 8192;
  static final Pattern BLANKS = Pattern.compile("\\s+", 0);

  final Path proc;
  final Path sys;
  final Path root;
  final Path udev;
  final Flags flags;

  Host(NodeConfig config) {
    flags = new Flags(config.flags());
    proc = Path.of(flags.text("path.procfs", config.procfs()));
    sys = Path.of(flags.text("path.sysfs", config.sysfs()));
    root = Path.of(flags.text("path.rootfs", config.rootfs()));
    udev = Path.of(flags.text("path.udev.data", config.udevData()));
  }

  /**
   * Returns the content of a file.
   *
   * @throws IOException also for one of more than 16 MiB, which no file of the kernel is
   */
  static String text(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      // in large pieces: a file of sysctl ends after its first piece, whatever that held
      byte[] bytes = new byte[PIECE_BYTES];
      int n = 0;
      for (int got = in.read(bytes); got > 0; got = in.read(bytes, n, bytes.length - n)) {
        n += got;
        if (n == bytes.length) {
          if (n >= MAX_FILE_BYTES) {
            throw new IOException(file + ": more than " + MAX_FILE_BYTES + " bytes");
          }
          bytes = Arrays.copyOf(bytes, 2 * n);
        }
      }
      return new String(bytes, 0, n, StandardCharsets.UTF_8);
    }
  }

  /** Returns the stripped content of a file, or null when it cannot be read. */
  static @Nullable String textOrNull(Path file) {
    try {
      return text(file).strip();
    } catch (IOException _) {
      return null;
    }
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

  static String[] words(String line) {
    String s = line.strip();
    return s.isEmpty() ? new String[0] : BLANKS.split(s);
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
    return unsigned >= 0 ? unsigned : (unsigned >>> 11) * 2048.0;
  }

  static double hex(String s) {
    return toDouble(Long.parseUnsignedLong(s, 16));
  }

  /** Returns the entries of a folder by name; empty when there is no such folder. */
  static List<Path> list(Path folder) throws IOException {
    List<Path> all = new ArrayList<>();
    if (!Files.isDirectory(folder)) {
      return all;
    }
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      stream.forEach(all::add);
    } catch (NotDirectoryException _) {
      return all;
    }
    all.sort((a, b) -> a.getFileName().toString().compareTo(b.getFileName().toString()));
    return all;
  }

  /** Returns the entries whose name matches. */
  static List<Path> list(Path folder, Pattern name) throws IOException {
    List<Path> all = list(folder);
    all.removeIf(p -> !name.matcher(p.getFileName().toString()).matches());
    return all;
  }

  static String name(Path p) {
    return p.getFileName().toString();
  }

  static boolean exists(Path p) {
    return Files.exists(p, LinkOption.NOFOLLOW_LINKS);
  }
}
