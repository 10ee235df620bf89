package io.narthex.bench.siege;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a process holds. */
final class Memory {
  private Memory() {}

  /** Returns the bytes of a process that no file stands behind. */
  static long anonymous(long pid) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
      if (line.startsWith("RssAnon:")) {
        return Long.parseLong(line.replaceAll("\\D+", "")) << 10;
      }
    }
    throw new IOException("/proc/" + pid + "/status has no RssAnon; the siege needs Linux");
  }
}
