package io.narthex.query;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * The file {@code queries.active}: the running queries, to show which ones ran when the process
 * died. Its format is Prometheus': a bracket, then for each query at a time {@value #ENTRY} bytes
 * that hold an object and a comma, or zeros. The file is mapped, so that a crash leaves it as it
 * is. Thread-safe.
 */
final class ActiveQueries implements AutoCloseable {
  static final String NAME = "queries.active";
  static final int ENTRY = 1000;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment file;
  private final BitSet used = new BitSet(); // guarded by this
  private final int most;
  private final Clock clock;
  private boolean closed; // guarded by this

  /**
   * Creates the file, replacing the previous one.
   *
   * @param most how many queries it has room for; further ones are not recorded
   */
  ActiveQueries(Path path, int most, Clock clock) throws IOException {
    this.most = most;
    this.clock = clock;
    Path folder = path.getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    // an engine that is being replaced may still have the previous file mapped: it keeps its own
    Files.deleteIfExists(path);
    try (FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      file = channel.map(FileChannel.MapMode.READ_WRITE, 0, 1 + (long) most * ENTRY, arena);
      file.set(ValueLayout.JAVA_BYTE, 0, (byte) '[');
    } catch (IOException e) {
      arena.close();
      throw e;
    }
  }

  /** Returns the entries of a file as written: the queries that ran when its process ended. */
  static List<String> unfinished(Path path) throws IOException {
    byte[] all;
    try {
      all = Files.readAllBytes(path);
    } catch (NoSuchFileException e) {
      return List.of();
    }
    List<String> found = new ArrayList<>();
    for (int at = 1; at < all.length; at += ENTRY) {
      int end = at;
      while (end < Math.min(all.length, at + ENTRY) && all[end] != 0) {
        end++;
      }
      String entry = new String(all, at, end - at, StandardCharsets.UTF_8);
      if (!entry.isEmpty()) {
        found.add(entry.endsWith(",") ? entry.substring(0, entry.length() - 1) : entry);
      }
    }
    return found;
  }

  /** Returns whether a file was made after {@code time}. */
  static boolean isNewerThan(Path path, Instant time) throws IOException {
    return Files.exists(path) && Files.getLastModifiedTime(path).toInstant().isAfter(time);
  }

  /** Records a query; returns its slot, or -1 when there is none. */
  synchronized int begin(String query) {
    int slot = used.nextClearBit(0);
    if (slot >= most || closed) {
      return -1;
    }
    used.set(slot);
    byte[] entry = entry(query, clock.instant().getEpochSecond());
    MemorySegment.copy(
        entry, 0, file, ValueLayout.JAVA_BYTE, 1 + (long) slot * ENTRY, entry.length);
    return slot;
  }

  /** Clears the slot of a query. */
  synchronized void end(int slot) {
    if (slot >= 0 && !closed) {
      used.clear(slot);
      file.asSlice(1 + (long) slot * ENTRY, ENTRY).fill((byte) 0);
    }
  }

  /** Returns an entry with its comma; a query that does not fit is cut. */
  static byte[] entry(String query, long seconds) {
    byte[] tail = ("\",\"timestamp_sec\":" + seconds + "},").getBytes(StandardCharsets.US_ASCII);
    byte[] out = new byte[ENTRY];
    byte[] head = "{\"query\":\"".getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(head, 0, out, 0, head.length);
    int n = head.length;
    for (int i = 0; i < query.length(); ) {
      int c = query.codePointAt(i);
      byte[] bytes = escaped(c).getBytes(StandardCharsets.UTF_8);
      if (n + bytes.length + tail.length > ENTRY) {
        break;
      }
      System.arraycopy(bytes, 0, out, n, bytes.length);
      n += bytes.length;
      i += Character.charCount(c);
    }
    System.arraycopy(tail, 0, out, n, tail.length);
    return java.util.Arrays.copyOf(out, n + tail.length);
  }

  private static String escaped(int c) {
    return switch (c) {
      case '"' -> "\\\"";
      case '\\' -> "\\\\";
      case '\n' -> "\\n";
      case '\t' -> "\\t";
      case '\r' -> "\\r";
      default ->
          c < 0x20
              ? String.format(java.util.Locale.ROOT, "\\u%04x", c)
              : c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE
                  ? "\ufffd"
                  : Character.toString(c);
    };
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      arena.close();
    }
  }
}
