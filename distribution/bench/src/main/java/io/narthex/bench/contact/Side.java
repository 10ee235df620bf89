package io.narthex.bench.contact;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.narthex.bench.Peer;
import io.narthex.bench.push.Exchange;
import io.narthex.bench.push.Reply;
import io.narthex.bench.push.Request;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The programs of one side: the originals, of which there are four, or Narthex, which is all of
 * them. Each has its own folder with the files that it reads.
 */
final class Side implements AutoCloseable {
  /** What the web pages of both are called in messages. */
  static final String EXTERNAL_URL = "http://contact.example:9000/";

  static final String CONFIG = "prometheus.yml";
  static final String ALERTS = "alertmanager.yml";
  static final String NO_RECEIVER = "route: {receiver: none}\nreceivers: [{name: none}]\n";

  private static final String EMPTY = "global: {}\n";
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String name;
  private final Path folder;
  private final List<String> before;
  private final List<Program> programs = new ArrayList<>();
  private final Program server;
  private final Program alertmanager;
  private final Program pushgateway;
  private final Program node;
  private final String nodePath;

  private Side(Path folder, Hosts hosts, Path assembled) throws IOException, InterruptedException {
    name = "narthex";
    this.folder = prepared(folder);
    before = hosts.before(Path.of("/nowhere"));
    Files.writeString(
        folder.resolve("narthex.yml"),
        "exporters: {node: {flags: ['--collector.textfile.directory="
            + folder.resolve("textfile")
            + "']}}\npush: {admin_api: true}\n");
    server =
        start(
            name,
            "/-/ready",
            List.of(
                assembled.resolve("bin/narthex").toString(),
                "--config.file=" + folder.resolve(CONFIG),
                "--alertmanager.config.file=" + folder.resolve(ALERTS),
                "--narthex.config.file=" + folder.resolve("narthex.yml"),
                "--storage.tsdb.path=" + folder.resolve("data"),
                "--web.external-url=" + EXTERNAL_URL,
                "--web.enable-lifecycle",
                "--web.enable-admin-api",
                "--web.enable-remote-write-receiver"));
    alertmanager = server;
    pushgateway = server;
    node = server;
    nodePath = "/exporters/node/metrics";
  }

  private Side(Path folder, Hosts hosts) throws IOException, InterruptedException {
    name = "original";
    this.folder = prepared(folder);
    String prometheus = Peer.program("prometheus").toString();
    String alerts = Peer.program("prometheus-alertmanager").toString();
    before = hosts.before(Path.of(alerts));
    server =
        start(
            "prometheus",
            "/-/ready",
            List.of(
                prometheus,
                "--config.file=" + folder.resolve(CONFIG),
                "--storage.tsdb.path=" + folder.resolve("data"),
                "--web.external-url=" + EXTERNAL_URL,
                "--web.enable-lifecycle",
                "--web.enable-admin-api",
                "--web.enable-remote-write-receiver",
                "--scrape.discovery-reload-interval=200ms"));
    alertmanager =
        start(
            "alertmanager",
            "/-/ready",
            List.of(
                alerts,
                "--config.file=" + folder.resolve(ALERTS),
                "--storage.path=" + folder.resolve("alerts"),
                "--web.external-url=" + EXTERNAL_URL,
                "--cluster.listen-address="));
    pushgateway =
        start(
            "pushgateway",
            "/-/ready",
            List.of(Peer.program("prometheus-pushgateway").toString(), "--web.enable-admin-api"));
    node =
        start(
            "node_exporter",
            "/",
            List.of(
                Peer.program("prometheus-node-exporter").toString(),
                "--collector.disable-defaults",
                "--collector.textfile",
                "--web.disable-exporter-metrics",
                "--collector.textfile.directory=" + folder.resolve("textfile")));
    nodePath = "/metrics";
  }

  /** Starts the originals. */
  static Side originals(Path folder, Hosts hosts) throws IOException, InterruptedException {
    return new Side(folder, hosts);
  }

  /** Starts Narthex. */
  static Side narthex(Path folder, Hosts hosts, Path assembled)
      throws IOException, InterruptedException {
    return new Side(folder, hosts, assembled);
  }

  private static Path prepared(Path folder) throws IOException {
    Files.createDirectories(folder.resolve("textfile"));
    Files.writeString(folder.resolve(CONFIG), EMPTY);
    Files.writeString(folder.resolve(ALERTS), NO_RECEIVER);
    return folder;
  }

  private Program start(String program, String ready, List<String> command)
      throws IOException, InterruptedException {
    int port = Peer.freePort();
    List<String> all = new ArrayList<>(before);
    all.addAll(command);
    all.add("--web.listen-address=127.0.0.1:" + port);
    try {
      Program started = new Program(program, all, port, ready);
      programs.add(started);
      return started;
    } catch (IOException | InterruptedException e) {
      close();
      throw e;
    }
  }

  /** A program that is started again when an input has ended it. */
  private final class Program {
    private final String called;
    private final List<String> command;
    private final int port;
    private final String ready;
    private Peer peer;

    Program(String called, List<String> command, int port, String ready)
        throws IOException, InterruptedException {
      this.called = called;
      this.command = List.copyOf(command);
      this.port = port;
      this.ready = ready;
      peer = Peer.start(called, command, folder, port, PATIENCE, ready);
    }

    Reply ask(String method, String path, Map<String, String> headers, byte[] body)
        throws IOException, InterruptedException {
      Request request = new Request("", method, path, headers, body);
      try {
        return Exchange.send(port, request);
      } catch (ConnectException e) {
        peer.close();
        // what it reads may be what has ended it
        Files.writeString(folder.resolve(CONFIG), EMPTY);
        Files.writeString(folder.resolve(ALERTS), NO_RECEIVER);
        peer = Peer.start(called, command, folder, port, PATIENCE, ready);
        return Exchange.send(port, request);
      }
    }
  }

  String name() {
    return name;
  }

  /** Returns the folder of the files that its programs read. */
  Path folder() {
    return folder;
  }

  Peer server() {
    return server.peer;
  }

  /** Writes the configuration and has it read; returns the status of the answer. */
  int configure(byte[] config) throws IOException, InterruptedException {
    return reload(server, CONFIG, config);
  }

  /** Writes a configuration that has to be good and has it read. */
  void configure(String config) throws IOException, InterruptedException {
    int status = configure(config.getBytes(StandardCharsets.UTF_8));
    if (status != 200) {
      throw new IOException(name + " answered " + status + " to a reload of " + config);
    }
  }

  /** Has both servers forget what they scrape. */
  void reset() throws IOException, InterruptedException {
    configure(EMPTY);
  }

  /** Writes the configuration of alerts and has it read; returns the status of the answer. */
  int configureAlerts(byte[] config) throws IOException, InterruptedException {
    return reload(alertmanager, ALERTS, config);
  }

  private int reload(Program of, String file, byte[] config)
      throws IOException, InterruptedException {
    of.ask(
        "GET", of.ready, Map.of(), new byte[0]); // starts one that has ended, which writes the file
    Files.write(folder.resolve(file), config);
    return of.ask("POST", "/-/reload", Map.of(), new byte[0]).status();
  }

  /** Sends any request to the server. */
  Reply ask(String method, String path, Map<String, String> headers, byte[] body)
      throws IOException, InterruptedException {
    return server.ask(method, path, headers, body);
  }

  /** Sends any request to the Alertmanager. */
  Reply askAlertmanager(String method, String path, Map<String, String> headers, byte[] body)
      throws IOException, InterruptedException {
    return alertmanager.ask(method, path, headers, body);
  }

  /** Sends any request to the Pushgateway. */
  Reply push(String method, String path, Map<String, String> headers, byte[] body)
      throws IOException, InterruptedException {
    return pushgateway.ask(method, path, headers, body);
  }

  /** Returns what the node exporter shows of files. */
  String textfileMetrics() throws IOException, InterruptedException {
    Reply reply = node.ask("GET", nodePath + "?collect[]=textfile", Map.of(), new byte[0]);
    return reply.status() == 200 ? reply.body() : "status " + reply.status();
  }

  /** Returns {@code data} of an answer of the API. */
  JsonNode data(String path) throws IOException, InterruptedException {
    return JSON.readTree(ask("GET", path, Map.of(), new byte[0]).body()).path("data");
  }

  @Override
  public void close() {
    programs.forEach(program -> program.peer.close());
  }
}
