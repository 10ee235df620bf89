package io.narthex.push;

import io.narthex.exposition.ExpositionException;
import io.narthex.exposition.ProtobufBytes;
import io.narthex.exposition.family.SeriesLabels;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file in which groups survive: a record for each change, with the whole group, or that it has
 * gone. Format: {@code distribution/docs/formats/pushes.md}.
 *
 * <p><b>Concurrency.</b> {@link #append} is called under the store's lock; {@link #force} without
 * it, so that pushes that wait share one.
 *
 * <p><b>Recovery.</b> What a crash tore is cut off at the end; a record whose checksum is wrong is
 * left out and logged.
 */
final class PushLog implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(PushLog.class);
  private static final byte[] MAGIC = {'N', 'X', 'P', 'U', 'S', 'H', 0, 1};
  private static final int HEAD = 8; // length and checksum of a record
  private static final long LEAST_REWRITTEN = 1 << 20;
  private static final int READ_BYTES = 64 << 10;

  private final Path file;
  private volatile FileChannel channel;
  private long size; // guarded by the store's lock: bytes that are valid
  private volatile boolean broken; // a write has failed: the file has to be rewritten
  private volatile long written; // number of records; set under the store's lock
  private final Object forcing = new Object();
  private long forced; // guarded by forcing: number of records that are on the disk

  /** Opens the file and reads it into {@code into}. */
  PushLog(Path file, Map<SeriesLabels, Group> into) throws IOException {
    this.file = file;
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    channel = open(file);
    read(into);
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private void read(Map<SeriesLabels, Group> into) throws IOException {
    long all = channel.size();
    if (all < MAGIC.length) {
      channel.truncate(0);
      writeFully(channel, ByteBuffer.wrap(MAGIC), 0);
      channel.force(true);
      size = MAGIC.length;
      return;
    }
    long at = MAGIC.length;
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file), READ_BYTES))) {
      if (!Arrays.equals(in.readNBytes(MAGIC.length), MAGIC)) {
        throw new IOException(
            file + ": is not a file of pushed groups of this version; move it away");
      }
      while (all - at >= HEAD) {
        int length = in.readInt();
        int checksum = in.readInt();
        if (length < 1 || length > all - at - HEAD) {
          break;
        }
        byte[] record = in.readNBytes(length);
        CRC32C crc = new CRC32C();
        crc.update(record);
        if (record.length == length && (int) crc.getValue() == checksum) {
          apply(record, at, into);
        } else {
          LOG.error("{} at byte {}: the checksum is wrong, a push is left out", file, at);
        }
        at += HEAD + length;
      }
    }
    if (at < all) {
      LOG.warn("{}: {} bytes at its end are incomplete and left out", file, all - at);
      channel.truncate(at);
      channel.force(true);
    }
    size = at;
  }

  private void apply(byte[] record, long at, Map<SeriesLabels, Group> into) {
    try {
      GroupRecord.Change change = GroupRecord.read(record, 0, record.length);
      if (change.group() == null) {
        into.remove(change.key());
      } else {
        into.put(change.key(), change.group());
      }
    } catch (ExpositionException e) {
      LOG.error("{} at byte {}: {}; a push is left out", file, at, e.getMessage());
    }
  }

  /**
   * Writes a change.
   *
   * @return what {@link #force} is given to wait for it
   */
  long append(GroupRecord.Change change, Map<SeriesLabels, Group> all, long liveBytes)
      throws IOException {
    if (broken || size > LEAST_REWRITTEN && size > 4 * liveBytes) {
      Map<SeriesLabels, Group> next = new LinkedHashMap<>(all);
      if (change.group() == null) {
        next.remove(change.key());
      } else {
        next.put(change.key(), change.group());
      }
      synchronized (forcing) {
        rewrite(next.values());
        written++;
        forced = written;
        return written;
      }
    }
    ByteBuffer frame = frame(change);
    long at = size;
    try {
      writeFully(channel, frame, at);
    } catch (IOException e) {
      broken = true;
      throw e;
    }
    size = at + frame.limit();
    written++;
    return written;
  }

  private static ByteBuffer frame(GroupRecord.Change change) {
    ProtobufBytes record = GroupRecord.write(change);
    ByteBuffer frame = ByteBuffer.allocate(HEAD + record.length());
    CRC32C crc = new CRC32C();
    crc.update(record.buffer(), 0, record.length());
    frame.putInt(record.length()).putInt((int) crc.getValue());
    frame.put(record.buffer(), 0, record.length()).flip();
    return frame;
  }

  private static void writeFully(FileChannel to, ByteBuffer from, long at) throws IOException {
    long next = at;
    while (from.hasRemaining()) {
      next += to.write(from, next);
    }
  }

  /** Waits until a change is on the disk. */
  void force(long number) throws IOException {
    synchronized (forcing) {
      if (forced >= number) {
        return;
      }
      long upTo = written; // others that wait need no force of their own
      try {
        channel.force(false);
      } catch (IOException e) {
        broken = true;
        throw e;
      }
      forced = upTo;
    }
  }

  /** Rewrites the file, through a temporary one. */
  private void rewrite(Collection<Group> groups) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(temporary);
    FileChannel next = open(temporary);
    long at = MAGIC.length;
    try {
      writeFully(next, ByteBuffer.wrap(MAGIC), 0);
      for (Group g : groups) {
        ByteBuffer frame = frame(new GroupRecord.Change(g.key(), g));
        int length = frame.limit();
        writeFully(next, frame, at);
        at += length;
      }
      next.force(true);
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      try (FileChannel folder = FileChannel.open(Objects.requireNonNull(file.getParent()))) {
        folder.force(true);
      }
    } catch (IOException e) {
      broken = true;
      next.close();
      throw e;
    }
    FileChannel before = channel;
    channel = next;
    before.close();
    size = at;
    broken = false;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
