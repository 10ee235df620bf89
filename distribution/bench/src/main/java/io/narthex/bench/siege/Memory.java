package io.narthex.bench.siege;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Anonymous memory of a process over a while: a heap grows until the next collection, so that one
 * look says as much about its moment as about the process.
 *
 * @param least fewest bytes seen
 * @param median of all looks
 * @param most most bytes seen
 */
record Memory(long least, long median, long most) {
  /** Looks every second. */
  static Memory watch(long pid, Duration time) throws IOException, InterruptedException {
    List<Long> looks = new ArrayList<>();
    long until = System.nanoTime() + time.toNanos();
    do {
      Thread.sleep(Math.max(1, Math.min(1000, (until - System.nanoTime()) / 1_000_000)));
      looks.add(anonymous(pid));
    } while (System.nanoTime() < until);
    Collections.sort(looks);
    return new Memory(looks.getFirst(), looks.get(looks.size() / 2), looks.getLast());
  }

  /** Returns the anonymous bytes of a process: those not backed by a file. */
  static long anonymous(long pid) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
      if (line.startsWith("RssAnon:")) {
        return Long.parseLong(line.replaceAll("\\D+", "")) << 10;
      }
    }
    throw new IOException("/proc/" + pid + "/status has no RssAnon; the siege needs Linux");
  }

  @Override
  public String toString() {
    return (median >> 20) + " MiB (" + (least >> 20) + " to " + (most >> 20) + ")";
  }
}
