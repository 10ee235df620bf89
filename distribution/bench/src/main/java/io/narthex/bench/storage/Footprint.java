package io.narthex.bench.storage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Memory and disk of a server. */
final class Footprint {
  private static final long LOOK_MS = 500;

  private Footprint() {}

  /**
   * Returns the bytes that only the process can give back: anonymous ones, shared ones and pages of
   * files that are yet to be written.
   */
  static long memory(long pid) throws IOException {
    long bytes = 0;
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
      if (line.startsWith("RssAnon:") || line.startsWith("RssShmem:")) {
        bytes += kib(line);
      }
    }
    long dirty = 0;
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/smaps_rollup"))) {
      if (line.startsWith("Private_Dirty:") || line.startsWith("Shared_Dirty:")) {
        dirty += kib(line);
      } else if (line.startsWith("Anonymous:")) {
        dirty -= kib(line); // anonymous pages are all dirty
      }
    }
    return bytes + Math.max(0, dirty);
  }

  private static long kib(String line) {
    return Long.parseLong(line.replaceAll("\\D+", "")) << 10;
  }

  /** Returns the bytes of all files at and below a path. */
  static long disk(Path path) throws IOException {
    try (Stream<Path> all = Files.walk(path)) {
      return all.mapToLong(
              file -> {
                try {
                  return Files.isRegularFile(file) ? Files.size(file) : 0;
                } catch (NoSuchFileException e) {
                  return 0; // merged meanwhile
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              })
          .sum();
    } catch (UncheckedIOException e) {
      if (e.getCause() instanceof NoSuchFileException) {
        return disk(path); // a folder went while it was read
      }
      throw e.getCause();
    }
  }

  /** Looks at the memory of a process twice a second until it is closed. */
  static final class Watch implements AutoCloseable {
    private final long pid;
    private final Thread thread;
    private volatile long peak;
    private volatile boolean stopping;

    Watch(long pid) {
      this.pid = pid;
      thread = Thread.ofPlatform().name("memory").start(this::look);
    }

    private void look() {
      try {
        while (!stopping) {
          peak = Math.max(peak, memory(pid));
          TimeUnit.MILLISECONDS.sleep(LOOK_MS);
        }
      } catch (IOException e) {
        // the process has ended
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /** Returns the most that was seen, bytes. */
    long peak() {
      return peak;
    }

    @Override
    public void close() {
      stopping = true;
      thread.interrupt();
    }
  }
}
