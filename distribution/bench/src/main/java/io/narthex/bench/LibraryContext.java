package io.narthex.bench;

import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.storage.memory.MemoryConfig;
import io.narthex.storage.memory.MemoryStorageProvider;
import java.nio.file.Path;
import java.time.Clock;

/** The context of a storage that runs as a library: no folders, no HTTP. */
final class LibraryContext implements StorageContext {
  /** Returns a new, empty storage in memory. */
  static Storage memory() {
    return new MemoryStorageProvider().open(MemoryConfig.DEFAULT, new LibraryContext());
  }

  @Override
  public Path dataDirectory() {
    throw new UnsupportedOperationException("a storage in memory has no folder");
  }

  @Override
  public long referenceBase() {
    return 0;
  }

  @Override
  public void replayProgress(double done) {
    // no observer
  }

  @Override
  public String instance() {
    return "bench";
  }

  @Override
  public Clock clock() {
    return Clock.systemUTC();
  }

  @Override
  public HttpTransport http() {
    throw new UnsupportedOperationException("a storage in memory has no HTTP");
  }

  @Override
  public Path stateDirectory() {
    throw new UnsupportedOperationException("a storage in memory has no folder");
  }

  @Override
  public Path configDirectory() {
    throw new UnsupportedOperationException("a storage in memory has no folder");
  }
}
