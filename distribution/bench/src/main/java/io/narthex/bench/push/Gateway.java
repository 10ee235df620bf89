package io.narthex.bench.push;

import io.narthex.bench.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A server as a process with a folder of its own. */
final class Gateway implements Side {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final String name;
  private final String expositionPath;
  private final List<String> command;
  private final Path folder;
  private int port;
  private Peer peer;

  private Gateway(String name, String expositionPath, List<String> command, Path folder)
      throws IOException, InterruptedException {
    this.name = name;
    this.expositionPath = expositionPath;
    this.command = command;
    this.folder = folder;
    port = Peer.freePort();
    peer = start();
  }

  /** Starts a Pushgateway on an empty folder. */
  static Gateway original(String name, Path program, Path folder)
      throws IOException, InterruptedException {
    return new Gateway(
        name,
        "/metrics",
        List.of(program.toString(), "--persistence.file=groups", "--persistence.interval=100ms"),
        folder);
  }

  /** Starts the assembled Narthex on an empty folder. */
  static Gateway narthex(Path assembled, Path folder) throws IOException, InterruptedException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("empty.yml"), "global: {}\n");
    return new Gateway(
        "narthex",
        "/push/metrics",
        List.of(
            assembled.resolve("bin/narthex").toString(),
            "--config.file=empty.yml",
            "--storage.tsdb.path=data",
            "--web.enable-remote-write-receiver"),
        folder);
  }

  private Peer start() throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(command);
    all.add("--web.listen-address=127.0.0.1:" + port);
    return Peer.start(name, all, folder, port, PATIENCE);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Reply send(Request request) throws IOException {
    return Exchange.send(port, request);
  }

  /** Returns where it listens, {@code host:port}. */
  String address() {
    return "127.0.0.1:" + port;
  }

  private Reply get(String path) throws IOException {
    return send(new Request("look", "GET", path, Map.of(), new byte[0]));
  }

  @Override
  public Reply exposition() throws IOException {
    return get(expositionPath);
  }

  @Override
  public Reply groups() throws IOException {
    return get("/api/v1/metrics");
  }

  @Override
  public void restart() throws IOException, InterruptedException {
    peer.close();
    port = Peer.freePort();
    peer = start();
  }

  @Override
  public void close() {
    peer.close();
  }
}
