package io.narthex.storage.tsdb;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.block.Ulid;
import io.narthex.storage.tsdb.io.Directories;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder of the database: checks its format and keeps other processes out.
 *
 * <pre>
 * tsdb.version   "narthex tsdb 1"       lock    held while open; left behind by a crash
 * log/           segments and checkpoints blocks/ one folder per block
 * </pre>
 */
final class DataFolder implements AutoCloseable {
  private static final String VERSION_FILE = "tsdb.version";
  private static final int LONGEST_VERSION = 64 << 10; // bytes
  private static final String VERSION = "narthex tsdb 1\n";
  private static final String LOCK_FILE = "lock";
  private static final String IN_USE = "in use\n";
  private static final int ULID_LENGTH = 26;

  private final Path root;
  private final FileChannel lockChannel;
  private final @Nullable FileLock lock;
  private final boolean cleanStart;

  private DataFolder(Path root, FileChannel lockChannel, @Nullable FileLock lock, boolean clean) {
    this.root = root;
    this.lockChannel = lockChannel;
    this.lock = lock;
    cleanStart = clean;
  }

  /**
   * Opens the folder for this process alone.
   *
   * @param locked whether others are kept out
   * @throws StorageException.Unusable when it belongs to something else or is in use
   */
  static DataFolder open(Path root, boolean locked) {
    try {
      refuseForeign(root);
      Files.createDirectories(root);
      Path lockFile = root.resolve(LOCK_FILE);
      FileChannel channel =
          FileChannel.open(
              lockFile,
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      FileLock lock = locked ? tryLock(channel) : null;
      if (locked && lock == null) {
        channel.close();
        throw new StorageException.Unusable(
            root + ": another server uses this folder; stop it or give this one another folder");
      }
      // the content says whether the last owner closed the folder; the lock itself cannot
      boolean clean = channel.size() == 0;
      channel.truncate(0);
      channel.write(java.nio.ByteBuffer.wrap(IN_USE.getBytes(StandardCharsets.US_ASCII)));
      Files.createDirectories(root.resolve("log"));
      Files.createDirectories(root.resolve("blocks"));
      if (version(root).isEmpty()) {
        writeVersion(root);
      }
      return new DataFolder(root, channel, lock, clean);
    } catch (IOException e) {
      StorageException.Unusable unusable =
          new StorageException.Unusable(root + ": cannot be used: " + e);
      unusable.initCause(e);
      throw unusable;
    }
  }

  /**
   * Looks, without a lock and without writing, whether the folder could be opened. Its owner may be
   * at work.
   *
   * @throws StorageException when it could not
   */
  static void check(Path root) {
    try {
      refuseForeign(root);
      Path blocks = root.resolve("blocks");
      if (!Files.isDirectory(blocks)) {
        return;
      }
      List<Path> folders;
      try (Stream<Path> entries = Files.list(blocks)) {
        folders = entries.filter(p -> Ulid.isUlid(p.getFileName().toString())).toList();
      }
      for (Path folder : folders) {
        try {
          new Block(folder).release();
        } catch (StorageException e) {
          if (Files.exists(folder.resolve("index"))) { // else its owner has deleted it
            throw e;
          }
        }
      }
    } catch (IOException e) {
      throw new StorageException.Failed(root + ": cannot be read: " + e, e);
    }
  }

  /**
   * Checks that a folder holds a database of this format.
   *
   * @throws StorageException.Unusable when it does not
   */
  static void checkVersion(Path root) {
    try {
      refuseForeign(root);
      if (version(root).isEmpty()) {
        throw new StorageException.Unusable(
            root + ": holds no database of this storage (no " + VERSION_FILE + ")");
      }
    } catch (IOException e) {
      throw new StorageException.Failed(root + ": cannot be read: " + e, e);
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // another storage in this process
    }
  }

  /**
   * Returns what the version file says, empty when there is none. A power cut can leave a file
   * whose bytes were never forced, empty or of zeros; older versions wrote it so.
   */
  private static String version(Path root) throws IOException {
    Path version = root.resolve(VERSION_FILE);
    if (!Files.exists(version)) {
      return "";
    }
    long size = Files.size(version);
    if (size > LONGEST_VERSION) {
      return size + " bytes"; // no version of this storage
    }
    return new String(Files.readAllBytes(version), StandardCharsets.ISO_8859_1).replace("\0", "");
  }

  private static void writeVersion(Path root) throws IOException {
    Path temporary = root.resolve(VERSION_FILE + Directories.TEMPORARY);
    try (FileOutputStream file = new FileOutputStream(temporary.toFile())) {
      file.write(VERSION.getBytes(StandardCharsets.US_ASCII));
      file.getFD().sync();
    }
    Files.move(temporary, root.resolve(VERSION_FILE), StandardCopyOption.ATOMIC_MOVE);
    Directories.sync(root);
  }

  private static void refuseForeign(Path root) throws IOException {
    String found = version(root);
    if (!found.isEmpty()) {
      if (!found.equals(VERSION)) {
        throw new StorageException.Unusable(
            root.resolve(VERSION_FILE)
                + ": format is \""
                + found.strip()
                + "\", this version reads \""
                + VERSION.strip()
                + "\"; use the version that wrote it");
      }
      return;
    }
    if (!Files.isDirectory(root)) {
      return;
    }
    try (Stream<Path> entries = Files.list(root)) {
      for (Path p : entries.toList()) {
        String name = p.getFileName().toString();
        boolean block = name.length() == ULID_LENGTH && Files.exists(p.resolve("index"));
        if (block
            || name.equals("chunks_head")
            || name.equals("wal")
            || name.equals("wbl")
            || name.startsWith("chunk_snapshot.")) {
          throw new StorageException.Unusable(
              root
                  + ": holds data that Prometheus wrote, got \""
                  + name
                  + "\"; give this server another folder (nothing has been changed)");
        }
      }
    }
  }

  Path wal() {
    return root.resolve("log");
  }

  Path blocks() {
    return root.resolve("blocks");
  }

  /** Returns whether the last owner closed the folder. */
  boolean isCleanStart() {
    return cleanStart;
  }

  /** Releases the lock as a crash would: the next start is not a clean one. */
  void abandon() {
    release(false);
  }

  @Override
  public void close() {
    release(true);
  }

  private void release(boolean clean) {
    try {
      if (clean) {
        lockChannel.truncate(0);
      }
      if (lock != null) {
        lock.release();
      }
      lockChannel.close();
    } catch (IOException e) {
      throw new StorageException.Failed(root + ": cannot release the folder: " + e, e);
    }
  }
}
