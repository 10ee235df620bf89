package io.narthex.testkit.notifier;

import io.narthex.spi.plugin.HttpTransport;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP client for tests on the loopback: basic authentication, an Authorization header (its
 * credentials directly or in a file) and own headers work, all other settings are ignored. Bodies
 * are streamed.
 */
public final class PlainHttp implements HttpTransport, AutoCloseable {
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** Creates one. */
  public PlainHttp() {}

  @Override
  public Response send(Request request, HttpSettings settings)
      throws IOException, InterruptedException {
    HttpRequest.Builder b =
        HttpRequest.newBuilder(URI.create(request.url().toString())).timeout(request.timeout());
    request.headers().forEach(b::setHeader);
    BasicAuth basic = settings.basicAuth();
    if (basic != null) {
      String password = basic.password() == null ? "" : basic.password().reveal();
      String pair = basic.username() + ":" + password;
      b.setHeader(
          "Authorization",
          "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
    }
    Authorization authorization = settings.authorization();
    if (authorization != null) {
      String credentials =
          authorization.credentials() != null
              ? authorization.credentials().reveal()
              : Files.readString(Path.of(authorization.credentialsFile())).strip();
      b.setHeader("Authorization", authorization.type() + " " + credentials);
    }
    byte[] body = request.body();
    b.method(
        request.method(),
        body == null
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofByteArray(body));
    HttpResponse<InputStream> response =
        client.send(b.build(), HttpResponse.BodyHandlers.ofInputStream());
    InputStream content = new Interruptible(response.body());
    return new Response() {
      @Override
      public int status() {
        return response.statusCode();
      }

      @Override
      public @Nullable String header(String name) {
        return response.headers().firstValue(name).orElse(null);
      }

      @Override
      public InputStream body() {
        return content;
      }

      @Override
      public void close() {
        try {
          content.close();
        } catch (IOException e) {
          // nothing else to release
        }
      }
    };
  }

  /**
   * A body that preserves interrupts: some versions of the JDK's client end an interrupted read
   * with an IOException and clear the interrupt, after which a discovery would continue.
   */
  static final class Interruptible extends FilterInputStream {
    Interruptible(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      try {
        return super.read();
      } catch (IOException e) {
        throw kept(e);
      }
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      try {
        return super.read(bytes, from, length);
      } catch (IOException e) {
        throw kept(e);
      }
    }

    private static IOException kept(IOException e) {
      if (e.getCause() instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      return e;
    }
  }

  @Override
  public void close() {
    // the client ends with its last request
  }
}
