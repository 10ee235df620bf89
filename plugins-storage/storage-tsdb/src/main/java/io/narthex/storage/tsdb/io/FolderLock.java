package io.narthex.storage.tsdb.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that keeps other processes out of a folder while it is locked, and says whether the last
 * owner closed the folder: it is empty then. Not part of a {@link Disk}: nothing durable hangs on
 * it.
 */
public final class FolderLock implements Closeable {
  private static final Logger log = LoggerFactory.getLogger(FolderLock.class);
  private static final byte[] IN_USE = "in use\n".getBytes(StandardCharsets.US_ASCII);

  private final FileChannel channel;
  private final @Nullable FileLock lock;
  private final boolean clean;

  private FolderLock(FileChannel channel, @Nullable FileLock lock, boolean clean) {
    this.channel = channel;
    this.lock = lock;
    this.clean = clean;
  }

  /**
   * Takes the folder, which is created if need be.
   *
   * @param exclusive whether others are kept out
   * @return null when another process, or another one in this process, has it
   */
  public static @Nullable FolderLock take(Path file, boolean exclusive) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    boolean taken = false;
    try {
      FileLock lock = exclusive ? tryLock(channel) : null;
      if (exclusive && lock == null) {
        return null;
      }
      boolean clean = channel.size() == 0;
      if (clean) {
        mark(file, channel);
      }
      taken = true;
      return new FolderLock(channel, lock, clean);
    } finally {
      if (!taken) {
        channel.close();
      }
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  /** A full disk must not keep the database from being read. */
  private static void mark(Path file, FileChannel channel) {
    try {
      channel.write(ByteBuffer.wrap(IN_USE));
    } catch (IOException e) {
      log.warn("{}: cannot note that the folder is in use: {}", file, e.toString());
    }
  }

  /** Returns whether the last owner closed the folder. */
  public boolean isClean() {
    return clean;
  }

  /** Releases the lock as a crash would: the next owner finds the folder in use. */
  public void abandon() throws IOException {
    release(false);
  }

  @Override
  public void close() throws IOException {
    release(true);
  }

  private void release(boolean closed) throws IOException {
    if (!channel.isOpen()) {
      return;
    }
    try (channel) {
      if (closed) {
        channel.truncate(0);
      }
      if (lock != null) {
        lock.release();
      }
    }
  }
}
