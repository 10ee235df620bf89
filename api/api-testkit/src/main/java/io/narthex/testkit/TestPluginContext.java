package io.narthex.testkit;

import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.PluginContext;
import java.nio.file.Path;
import java.time.Clock;

/** A plugin context with a folder and the given clock. */
public final class TestPluginContext implements PluginContext {
  private final Path directory;
  private final Clock clock;
  private final HttpTransport http;

  /** Creates one without HTTP. */
  public TestPluginContext(Path directory, Clock clock) {
    this(
        directory,
        clock,
        (request, settings) -> {
          throw new java.io.IOException("no HTTP in this test");
        });
  }

  /** Creates one. */
  public TestPluginContext(Path directory, Clock clock, HttpTransport http) {
    this.directory = directory;
    this.clock = clock;
    this.http = http;
  }

  @Override
  public String instance() {
    return "test";
  }

  @Override
  public Clock clock() {
    return clock;
  }

  @Override
  public HttpTransport http() {
    return http;
  }

  @Override
  public Path stateDirectory() {
    return directory.resolve("state");
  }

  @Override
  public Path configDirectory() {
    return directory;
  }
}
