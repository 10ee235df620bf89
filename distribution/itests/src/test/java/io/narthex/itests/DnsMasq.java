package io.narthex.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The DNS server dnsmasq, authoritative for the domain {@code test} and asking nobody else. */
final class DnsMasq implements AutoCloseable {
  private final Path program;
  private final Path configuration;
  private final Path hosts;
  private final Path log;
  private final int port;
  private @Nullable Process process;
  private List<String> records = List.of();

  DnsMasq(Path program, Path folder) throws IOException {
    this.program = program;
    this.configuration = folder.resolve("dnsmasq.conf");
    this.hosts = folder.resolve("dnsmasq.hosts");
    this.log = folder.resolve("dnsmasq.log");
    this.port = freePort();
    Files.writeString(hosts, "");
    start();
  }

  /** Finds a port that is free for UDP and TCP. */
  private static int freePort() throws IOException {
    InetAddress here = InetAddress.getLoopbackAddress();
    IOException last = new IOException("no free port");
    for (int i = 0; i < 20; i++) {
      try (ServerSocket tcp = new ServerSocket(0, 1, here);
          DatagramSocket udp = new DatagramSocket(tcp.getLocalPort(), here)) {
        return udp.getLocalPort();
      } catch (IOException e) {
        last = e; // taken by somebody else for one of the two
      }
    }
    throw last;
  }

  int port() {
    return port;
  }

  /** Sets address records, lines of {@code address name}, while the server runs. */
  void addresses(String... lines) {
    try {
      Files.writeString(hosts, String.join("\n", lines) + "\n");
      Process running = process;
      if (running != null) {
        new ProcessBuilder("kill", "-HUP", Long.toString(running.pid())).start().waitFor();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Sets other records, lines of the server's configuration; needs a start anew. */
  void records(String... lines) {
    records = List.of(lines);
    stop();
    start();
  }

  /** Starts the server on the port of before. */
  void start() {
    String text =
        """
        port=%d
        listen-address=127.0.0.1
        bind-interfaces
        user=%s
        no-resolv
        no-hosts
        no-poll
        local=/test/
        local-ttl=0
        addn-hosts=%s
        %s
        """
            .formatted(port, System.getProperty("user.name"), hosts, String.join("\n", records));
    try {
      Files.writeString(configuration, text);
      process =
          new ProcessBuilder(
                  program.toString(),
                  "--keep-in-foreground",
                  "--log-facility=-",
                  "--pid-file=",
                  "--conf-file=" + configuration)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends the server; the port stays its own as long as nobody else takes it. */
  void stop() {
    Process running = process;
    if (running == null) {
      return;
    }
    running.destroy();
    try {
      if (!running.waitFor(10, TimeUnit.SECONDS)) {
        running.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      running.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    process = null;
  }

  /** What the server has printed. */
  String log() {
    try {
      return Files.exists(log) ? Files.readString(log) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    stop();
  }
}
