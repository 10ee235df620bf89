package io.narthex.storage.tsdb.quarantine;

import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.DiskFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Folder of copies of damaged parts of files, for whoever wants to know what was lost. Bounded in
 * bytes and files: the oldest go first. What cannot be kept is not: reading continues.
 *
 * <p>A copy of bytes 4096 and following of {@code 00000007.wal} is {@code
 * 00000012-00000007.wal-4096}; the first number rises with each copy. Not thread-safe.
 */
public final class Quarantine {
  private static final Logger log = LoggerFactory.getLogger(Quarantine.class);
  private static final int NUMBER = 8; // digits
  private static final int MAX_FILES = 1000;
  private static final int PIECE = 64 << 10;

  /** What a part may take of all that is kept. */
  private static final int SHARE = 4;

  private final Disk disk;
  private final Path folder;
  private final long maxBytes;

  public Quarantine(Disk disk, Path folder, long maxBytes) {
    this.disk = disk;
    this.folder = folder;
    this.maxBytes = maxBytes;
  }

  /** Keeps a copy of a damaged part, the beginning of it when it is long. */
  public void keep(Path file, long offset, MemorySegment part) {
    long length = Math.min(part.byteSize(), maxBytes / SHARE);
    if (length == 0) {
      return;
    }
    try {
      disk.createDirectories(folder);
      List<Path> kept = kept();
      int number = kept.isEmpty() ? 1 : number(kept.getLast()) + 1;
      drop(kept, maxBytes - length);
      if (disk.usableBytes(folder) < maxBytes + length) {
        log.warn("{}: no room to keep {} damaged bytes of {}", folder, length, file);
        return;
      }
      String name =
          String.format(Locale.ROOT, "%0" + NUMBER + "d-", number)
              + file.getFileName()
              + "-"
              + offset;
      write(folder.resolve(name), part, length);
    } catch (IOException e) {
      log.warn("{}: cannot keep {} damaged bytes of {}: {}", folder, length, file, e.toString());
    }
  }

  private void write(Path copy, MemorySegment part, long length) throws IOException {
    byte[] piece = new byte[(int) Math.min(PIECE, length)];
    try (DiskFile out = disk.create(copy)) {
      for (long at = 0; at < length; at += piece.length) {
        int n = (int) Math.min(piece.length, length - at);
        MemorySegment.copy(part, ValueLayout.JAVA_BYTE, at, piece, 0, n);
        out.write(piece, 0, n);
      }
    }
  }

  /** Returns the copies, the oldest first. */
  private List<Path> kept() throws IOException {
    return disk.list(folder).stream()
        .filter(p -> number(p) >= 0)
        .sorted(Comparator.comparingInt(Quarantine::number))
        .toList();
  }

  private static int number(Path copy) {
    String name = copy.getFileName().toString();
    boolean ours =
        name.length() > NUMBER
            && name.charAt(NUMBER) == '-'
            && name.chars().limit(NUMBER).allMatch(c -> c >= '0' && c <= '9');
    return ours ? Integer.parseInt(name.substring(0, NUMBER)) : -1;
  }

  private void drop(List<Path> kept, long most) throws IOException {
    long bytes = 0;
    int files = 0;
    for (Path p : kept.reversed()) {
      bytes += disk.size(p);
      files++;
      if (bytes > most || files >= MAX_FILES) {
        disk.delete(p);
      }
    }
  }
}
