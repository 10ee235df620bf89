package io.narthex.storage.tsdb;

import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.block.Ulid;
import io.narthex.storage.tsdb.io.Directories;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.stream.Stream;

/**
 * The database of a folder that a server may be writing to, opened for reading: the WAL is copied
 * to a temporary folder, blocks are reached by symbolic links. Nothing in the folder is changed.
 */
final class FolderView implements AutoCloseable {
  private static final int TRIES = 5;

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
    DataFolder.check(root);
    for (int i = 1; ; i++) {
      Path copy = Files.createTempDirectory("narthex-tsdb");
      boolean done = false;
      try {
        copyWal(root.resolve("log"), copy.resolve("log"));
        linkBlocks(root.resolve("blocks"), copy.resolve("blocks"));
        TsdbStorage storage = TsdbStorage.open(TsdbConfig.DEFAULT, new Standalone(copy), false);
        done = true;
        return new FolderView(copy, storage);
      } catch (NoSuchFileException e) {
        if (i == TRIES) { // the server replaced files meanwhile, which takes it hours to do again
          throw e;
        }
      } finally {
        if (!done) {
          Directories.deleteTree(copy);
        }
      }
    }
  }

  private static void copyWal(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      // the newest checkpoint first: segments that it replaces may go meanwhile
      for (Path p : files.sorted().toList()) {
        if (Files.isRegularFile(p)) {
          Files.copy(p, to.resolve(p.getFileName()));
        }
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static void linkBlocks(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> folders = Files.list(from)) {
      for (Path p : folders.filter(f -> Ulid.isUlid(f.getFileName().toString())).toList()) {
        Files.createSymbolicLink(to.resolve(p.getFileName()), p.toAbsolutePath());
      }
    }
  }

  TsdbStorage storage() {
    return storage;
  }

  @Override
  public void close() throws IOException {
    storage.crash(); // nothing has to be written
    Directories.deleteTree(folder);
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
