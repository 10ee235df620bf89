package io.narthex.launch;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * The folder of one process for the framework's copies of bundles, {@code narthex-cacheNUMBER} in
 * the temporary folder. The process holds a lock on the file {@code lock} in it, which the
 * operating system releases when the process dies. So each start can delete the folders of dead
 * processes and none of a live one. A folder without that file is left alone.
 */
final class CacheFolder implements AutoCloseable {
  private static final String NAME = "narthex-cache";
  private static final String LOCK = "lock";

  private final Path folder;
  private final FileChannel held; // open for as long as the lock is to be held

  private CacheFolder(Path folder, FileChannel held) {
    this.folder = folder;
    this.held = held;
  }

  /** Creates a folder for this process; deletes those of dead processes. */
  static CacheFolder create(Path temporary) throws IOException {
    sweep(temporary);
    Path folder = Files.createTempDirectory(temporary, NAME);
    Path making = folder.resolve(LOCK + ".new");
    FileChannel channel =
        FileChannel.open(making, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    channel.lock();
    Files.move(making, folder.resolve(LOCK), StandardCopyOption.ATOMIC_MOVE); // never seen unlocked
    return new CacheFolder(folder, channel);
  }

  /** Returns the folder for the framework. */
  Path path() {
    return folder.resolve("bundles");
  }

  private static void sweep(Path temporary) {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(temporary, NAME + "*")) {
      for (Path old : found) {
        if (isDead(old)) {
          delete(old);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      System.err.println("cache folders in " + temporary + " cannot be listed: " + e.getMessage());
    }
  }

  private static boolean isDead(Path folder) {
    Path lock = folder.resolve(LOCK);
    if (!Files.isRegularFile(lock)) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE);
        @Nullable FileLock free = channel.tryLock()) {
      return free != null;
    } catch (IOException | OverlappingFileLockException e) {
      return false; // another user's, or in use by this very process
    }
  }

  /** Deletes what it can; another process may be deleting the same folder. */
  static void delete(Path folder) {
    try {
      Files.walkFileTree(folder, new Deleting());
    } catch (IOException e) {
      System.err.println("cache " + folder + " is left behind: " + e.getMessage());
    }
  }

  private static final class Deleting extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.deleteIfExists(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
      if (e instanceof NoSuchFileException) {
        return FileVisitResult.CONTINUE;
      }
      throw e;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e)
        throws IOException {
      if (e != null && !(e instanceof NoSuchFileException)) {
        throw e;
      }
      Files.deleteIfExists(folder);
      return FileVisitResult.CONTINUE;
    }
  }

  /** Deletes the folder. */
  @Override
  public void close() throws IOException {
    delete(folder);
    held.close();
  }
}
