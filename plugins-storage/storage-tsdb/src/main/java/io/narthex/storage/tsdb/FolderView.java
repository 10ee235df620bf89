package io.narthex.storage.tsdb;

import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.io.TemporaryView;
import io.narthex.storage.tsdb.metrics.Counters;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.stream.Stream;

/**
 * The database of a folder that a server may be writing to, opened for reading: the WAL is copied
 * to a temporary folder, blocks are reached by symbolic links. Nothing in the folder is changed.
 */
final class FolderView implements AutoCloseable {
  private final Path folder;
  private final TsdbStorage storage;

  private FolderView(Path folder, TsdbStorage storage) {
    this.folder = folder;
    this.storage = storage;
  }

  /**
   * Opens a view of the folder as it is now.
   *
   * @throws StorageException when it holds no database, or cannot be read
   */
  static FolderView of(Path root) throws IOException {
    DataFolder.checkVersion(LocalDisk.INSTANCE, root);
    Disk disk = LocalDisk.INSTANCE;
    // segments first: a checkpoint that comes meanwhile replaces those that are gone by then
    List<String> copied =
        Stream.of(
                DataFolder.logOf(root),
                DataFolder.walOf(disk, root),
                DataFolder.checkpointsOf(disk, root))
            .filter(disk::isDirectory)
            .map(p -> p.getFileName().toString())
            .distinct()
            .toList();
    Path copy = TemporaryView.of(root, copied, List.of("blocks"));
    boolean done = false;
    try {
      DataFolder.copyVersion(disk, root, copy);
      TsdbStorage storage = TsdbStorage.open(TsdbConfig.DEFAULT, new Standalone(copy), false);
      done = true;
      return new FolderView(copy, storage);
    } finally {
      if (!done) {
        Directories.deleteTree(LocalDisk.INSTANCE, copy);
      }
    }
  }

  TsdbStorage storage() {
    return storage;
  }

  /** Returns whether something of the folder cannot be read and is missing in the view. */
  boolean isDamaged() {
    return storage.stats(0).counters().entrySet().stream()
        .anyMatch(c -> c.getKey().startsWith(Counters.DAMAGED) && c.getValue() > 0);
  }

  /** Returns the message of a problem with the names of files as they are in the folder itself. */
  String original(Path root, StorageException problem) {
    return String.valueOf(problem.getMessage()).replace(folder.toString(), root.toString());
  }

  @Override
  public void close() throws IOException {
    storage.crash(); // nothing has to be written
    Directories.deleteTree(LocalDisk.INSTANCE, folder);
  }

  /** What a storage asks of its host, outside of a server. */
  record Standalone(Path dataDirectory) implements StorageContext {
    @Override
    public String instance() {
      return "tsdb";
    }

    @Override
    public Clock clock() {
      return Clock.systemUTC();
    }

    @Override
    public HttpTransport http() {
      return (request, settings) -> {
        throw new IOException("no HTTP outside of a server");
      };
    }

    @Override
    public Path stateDirectory() {
      return dataDirectory;
    }

    @Override
    public Path configDirectory() {
      return dataDirectory;
    }

    @Override
    public long referenceBase() {
      return 0;
    }

    @Override
    public void replayProgress(double done) {
      // nobody looks
    }
  }
}
