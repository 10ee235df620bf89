package io.narthex.testkit.swap;

import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.spi.storage.StorageContext;
import io.narthex.testkit.notifier.PlainHttp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;

/** The context of both versions in a swap: a folder, the system clock, HTTP. */
final class SwapContext implements PluginContext {
  private final Path folder;
  private final HttpTransport http = new HostHttp();

  SwapContext(Path folder) {
    this.folder = folder;
  }

  /** The host's client: its threads must not inherit the plugin's class loader. */
  private static final class HostHttp implements HttpTransport {
    private final PlainHttp client = new PlainHttp();

    @Override
    public Response send(Request request, HttpSettings settings)
        throws IOException, InterruptedException {
      Thread thread = Thread.currentThread();
      ClassLoader before = thread.getContextClassLoader();
      thread.setContextClassLoader(SwapContext.class.getClassLoader());
      try {
        return client.send(request, settings);
      } finally {
        thread.setContextClassLoader(before);
      }
    }
  }

  @Override
  public String instance() {
    return "swap";
  }

  @Override
  public Clock clock() {
    return Clock.systemUTC();
  }

  @Override
  public HttpTransport http() {
    return http;
  }

  @Override
  public Path stateDirectory() {
    try {
      return Files.createDirectories(folder.resolve("state"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Override
  public Path configDirectory() {
    return folder;
  }

  /** Returns the context of a storage's opening. */
  StorageContext storage(long referenceBase) {
    return new ForStorage(this, folder, referenceBase);
  }

  private record ForStorage(SwapContext base, Path dataDirectory, long referenceBase)
      implements StorageContext {
    @Override
    public String instance() {
      return base.instance();
    }

    @Override
    public Clock clock() {
      return base.clock();
    }

    @Override
    public HttpTransport http() {
      return base.http();
    }

    @Override
    public Path stateDirectory() {
      return base.stateDirectory();
    }

    @Override
    public Path configDirectory() {
      return base.configDirectory();
    }

    @Override
    public void replayProgress(double done) {
      // not used
    }
  }
}
