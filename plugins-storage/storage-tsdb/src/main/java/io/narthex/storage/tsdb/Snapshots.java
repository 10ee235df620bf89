package io.narthex.storage.tsdb;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.Disk;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of the database in {@code snapshots/}, each a folder that can be opened as a database: the
 * files of the blocks under a second name, which takes no room until the blocks are deleted, and
 * the head as blocks of its own. One that is not finished has a temporary name, and is removed when
 * its making fails, or at the next start.
 */
final class Snapshots {
  private static final Logger log = LoggerFactory.getLogger(Snapshots.class);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private final Disk disk;
  private final Path root;
  private final Path directory;
  private final SecureRandom random = new SecureRandom();

  /**
   * Creates it, and removes what a crash has kept from being finished.
   *
   * @param root folder of the database
   */
  Snapshots(Disk disk, Path root) {
    this.disk = disk;
    this.root = root;
    directory = root.resolve("snapshots");
    if (disk.isDirectory(directory)) {
      try {
        for (Path p : disk.list(directory)) {
          if (p.toString().endsWith(Directories.TEMPORARY)) {
            delete(p);
          }
        }
      } catch (IOException e) {
        log.warn("{}: an unfinished snapshot cannot be deleted: {}", directory, e.toString());
      }
    }
  }

  /**
   * Makes one. Nobody may make, merge or delete blocks meanwhile.
   *
   * @param head writes the blocks of the head into a folder, and checks before that it has room
   * @return the name of its folder
   */
  String make(long nowMs, List<Block> blocks, Consumer<Path> head) {
    String name =
        TIME.format(Instant.ofEpochMilli(nowMs))
            + String.format(Locale.ROOT, "-%016x", random.nextLong() & Long.MAX_VALUE);
    Path temporary = directory.resolve(name + Directories.TEMPORARY);
    boolean done = false;
    try {
      Path into = temporary.resolve("blocks");
      disk.createDirectories(into);
      head.accept(into); // first: it may find that there is no room
      for (Block block : blocks) {
        link(block.folder, into.resolve(block.folder.getFileName()));
      }
      disk.forceDirectory(into);
      disk.link(root.resolve(DataFolder.VERSION_FILE), temporary.resolve(DataFolder.VERSION_FILE));
      Path metadata = root.resolve(FamilyMetadata.FILE);
      if (disk.exists(metadata)) {
        disk.link(metadata, temporary.resolve(FamilyMetadata.FILE));
      }
      disk.forceDirectory(temporary);
      disk.rename(temporary, directory.resolve(name));
      disk.forceDirectory(directory);
      done = true;
      return name;
    } catch (IOException | UnsupportedOperationException e) {
      throw new StorageException.Failed(
          temporary + ": the snapshot cannot be made, nothing of it is left: " + e, e);
    } finally {
      if (!done) {
        remove(temporary);
      }
    }
  }

  /** A block's files are replaced, never changed in place. */
  private void link(Path block, Path copy) throws IOException {
    disk.createDirectories(copy);
    for (Path file : disk.list(block)) {
      if (!file.toString().endsWith(Directories.TEMPORARY)) {
        disk.link(file, copy.resolve(file.getFileName()));
      }
    }
    disk.forceDirectory(copy);
  }

  private void remove(Path temporary) {
    try {
      delete(temporary);
    } catch (IOException e) {
      log.warn("{}: cannot be deleted, the next start tries again: {}", temporary, e.toString());
    }
  }

  private void delete(Path path) throws IOException {
    if (disk.isDirectory(path)) {
      for (Path p : disk.list(path)) {
        delete(p);
      }
    }
    disk.delete(path);
  }
}
