package io.narthex.testkit.storage;

import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.storage.StorageContext;
import io.narthex.testkit.FakeClock;
import java.nio.file.Path;
import java.time.Clock;

/** A storage context with a folder, the given clock and no HTTP. */
public final class TestStorageContext implements StorageContext {
  private final Path directory;
  private final long referenceBase;
  private final FakeClock clock;
  private volatile double progress;

  /** Creates one. */
  public TestStorageContext(Path directory, long referenceBase, FakeClock clock) {
    this.directory = directory;
    this.referenceBase = referenceBase;
    this.clock = clock;
  }

  /** Returns the progress of recovery that the storage has reported. */
  public double progress() {
    return progress;
  }

  @Override
  public String instance() {
    return "test storage";
  }

  @Override
  public Clock clock() {
    return clock;
  }

  @Override
  public HttpTransport http() {
    return (request, settings) -> {
      throw new java.io.IOException("no HTTP in this test");
    };
  }

  @Override
  public Path stateDirectory() {
    return directory.resolve("narthex");
  }

  @Override
  public Path configDirectory() {
    return directory;
  }

  @Override
  public Path dataDirectory() {
    return directory;
  }

  @Override
  public long referenceBase() {
    return referenceBase;
  }

  @Override
  public void replayProgress(double done) {
    progress = done;
  }
}
