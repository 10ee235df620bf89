package io.narthex.push;

import io.narthex.exposition.ProtobufBytes;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
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

  private final Path file;
  private volatile FileChannel channel;
  private long size; // guarded by the store's lock: bytes that are valid
  private volatile boolean broken; // a write has failed: the file has to be written anew
  private volatile long written; // number of records; set under the store's lock
  private final Object forcing = new Object();
  private long forced; // guarded by forcing: number of records that are on the disk

  /** Opens the file and reads it into {@code into}. */
  PushLog(Path file, Map<PushedLabels, Group> into) throws IOException {
    this.file = file;
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    channel = open(file);
    read(into);
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private void read(Map<PushedLabels, Group> into) throws IOException {
    long all = channel.size();
    if (all < MAGIC.length) {
      channel.truncate(0);
      writeFully(channel, ByteBuffer.wrap(MAGIC), 0);
      channel.force(true);
      size = MAGIC.length;
      return;
    }
    if (all > Integer.MAX_VALUE - 16) {
      throw new IOException(
          file + ": must not be larger than 2 GiB, got " + all + " bytes; move it away");
    }
    ByteBuffer in = ByteBuffer.allocate((int) all);
    while (in.hasRemaining() && channel.read(in, in.position()) >= 0) {
      // until all is read
    }
    in.flip();
    byte[] b = in.array();
    for (int i = 0; i < MAGIC.length; i++) {
      if (b[i] != MAGIC[i]) {
        throw new IOException(
            file + ": is not a file of pushed groups of this version; move it away");
      }
    }
    int at = MAGIC.length;
    while (in.limit() - at >= HEAD) {
      int length = in.getInt(at);
      if (length < 1 || length > in.limit() - at - HEAD) {
        break;
      }
      CRC32C crc = new CRC32C();
      crc.update(b, at + HEAD, length);
      if ((int) crc.getValue() != in.getInt(at + 4)) {
        LOG.error("{} at byte {}: the checksum is wrong, a push is left out", file, at);
      } else {
        apply(b, at + HEAD, at + HEAD + length, into);
      }
      at += HEAD + length;
    }
    if (at < in.limit()) {
      LOG.warn("{}: {} bytes at its end are incomplete and left out", file, in.limit() - at);
      channel.truncate(at);
      channel.force(true);
    }
    size = at;
  }

  private void apply(byte[] b, int from, int to, Map<PushedLabels, Group> into) {
    try {
      GroupRecord.Change change = GroupRecord.read(b, from, to);
      if (change.group() == null) {
        into.remove(change.key());
      } else {
        into.put(change.key(), change.group());
      }
    } catch (BadBodyException e) {
      LOG.error("{} at byte {}: {}; a push is left out", file, from, e.getMessage());
    }
  }

  /**
   * Writes a change.
   *
   * @return what {@link #force} is given to wait for it
   */
  long append(GroupRecord.Change change, Map<PushedLabels, Group> all, long liveBytes)
      throws IOException {
    if (broken || size > LEAST_REWRITTEN && size > 4 * liveBytes) {
      Map<PushedLabels, Group> next = new LinkedHashMap<>(all);
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

  /** Writes the file anew, through a temporary one. */
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
