package io.narthex.bench.siege;

import io.narthex.bench.torture.ServerUnderTest.Launch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A limit of memory for a process: a control group, where one can be made. */
public final class MemoryLimit implements AutoCloseable {
  private static final Path V1 = Path.of("/sys/fs/cgroup/memory");
  private static final Path V2 = Path.of("/sys/fs/cgroup");
  private static final int TRIES = 50;
  private static final List<String> PEAKS = List.of("memory.peak", "memory.max_usage_in_bytes");

  private final @Nullable Path group;
  private final long bytes;

  private MemoryLimit(@Nullable Path group, long bytes) {
    this.group = group;
    this.bytes = bytes;
  }

  /** Creates a group below that of this process; none without the permission. */
  public static MemoryLimit of(long bytes) {
    Path root = Files.exists(V1.resolve("memory.limit_in_bytes")) ? V1 : V2;
    String file = root.equals(V1) ? "memory.limit_in_bytes" : "memory.max";
    Path group = root.resolve("narthex-siege-" + ProcessHandle.current().pid());
    try {
      Files.createDirectory(group);
    } catch (IOException e) {
      return new MemoryLimit(null, bytes);
    }
    try {
      Files.writeString(group.resolve(file), Long.toString(bytes));
      if (Files.readString(group.resolve(file)).strip().equals(Long.toString(bytes))) {
        return new MemoryLimit(group, bytes);
      }
    } catch (IOException e) {
      // no memory controller here
    }
    MemoryLimit unusable = new MemoryLimit(group, bytes);
    unusable.close();
    return new MemoryLimit(null, bytes);
  }

  /** Returns how a server is started within the limit. */
  public Launch launch(List<String> flags) {
    if (group == null) {
      return new Launch(List.of(), flags, "-Xmx" + (bytes >> 21) + "m");
    }
    return new Launch(
        List.of(
            "sh", "-c", "echo $$ >\"$0\" && exec \"$@\"", group.resolve("cgroup.procs").toString()),
        flags,
        "");
  }

  /** Returns the most that the processes have used, pages of files included; -1 = not known. */
  public long peak() {
    for (String file : PEAKS) {
      try {
        if (group != null && Files.isReadable(group.resolve(file))) {
          return Long.parseLong(Files.readString(group.resolve(file)).strip());
        }
      } catch (IOException | NumberFormatException e) {
        return -1;
      }
    }
    return -1;
  }

  /** Returns a description of the limit, for people. */
  public String words() {
    return group == null
        ? "no control group can be made here: heap of "
            + (bytes >> 21)
            + " MiB (-Xmx) without a limit of the process"
        : String.format(Locale.ROOT, "control group with %d MiB", bytes >> 20);
  }

  @Override
  public void close() {
    if (group == null) {
      return;
    }
    for (int i = 0; i < TRIES; i++) {
      try {
        Files.deleteIfExists(group); // busy while a process that has ended is still in it
        return;
      } catch (IOException e) {
        try {
          Thread.sleep(100);
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }
    System.err.println("siege: " + group + " cannot be removed; remove it with rmdir");
  }
}
