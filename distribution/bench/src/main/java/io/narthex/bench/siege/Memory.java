package io.narthex.bench.siege;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Memory of a process. */
final class Memory {
  private Memory() {}

  /** Returns the anonymous bytes of a process: those not backed by a file. */
  static long anonymous(long pid) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
      if (line.startsWith("RssAnon:")) {
        return Long.parseLong(line.replaceAll("\\D+", "")) << 10;
      }
    }
    throw new IOException("/proc/" + pid + "/status has no RssAnon; the siege needs Linux");
  }
}
