package io.narthex.bench.push;

import io.narthex.bench.Peer;
import io.narthex.bench.Proof;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Summary;
import io.prometheus.metrics.exporter.pushgateway.Format;
import io.prometheus.metrics.exporter.pushgateway.PushGateway;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Lets the client libraries that people use push to the original and to Narthex, and compares what
 * both show: the libraries of Java, JavaScript and Python, and curl. promtool writes to the server
 * itself.
 */
final class PushPrograms {
  private static final String PROM_CLIENT = "prom-client@15.1.3";
  private static final String PYTHON_CLIENT = "prometheus-client==0.26.0";
  private static final long PATIENCE_SECONDS = 300;

  private static final String NODE =
      """
      const client = require('prom-client');
      const register = new client.Registry();
      const counter = new client.Counter({name: 'js_jobs_total', help: 'Jobs.', labelNames: ['code'], registers: [register]});
      counter.inc({code: '200'}, 3);
      const gauge = new client.Gauge({name: 'js_bytes', help: 'Bytes.', registers: [register]});
      gauge.set(1.5);
      const histogram = new client.Histogram({name: 'js_seconds', help: 'Seconds.', buckets: [0.1, 1], registers: [register]});
      histogram.observe(0.5);
      const summary = new client.Summary({name: 'js_sizes', help: 'Sizes.', percentiles: [0.5], registers: [register]});
      summary.observe(7);
      const gateway = new client.Pushgateway('http://' + process.argv[2], {timeout: 10000}, register);
      (async () => {
        await gateway.push({jobName: 'js', groupings: {zone: 'north', kind: 'put'}});
        gauge.set(2.5);
        await gateway.pushAdd({jobName: 'js', groupings: {zone: 'north', kind: 'put'}});
        await gateway.pushAdd({jobName: 'js', groupings: {kind: 'gone'}});
        await gateway.delete({jobName: 'js', groupings: {kind: 'gone'}});
      })().catch(e => { console.error(e); process.exit(1); });
      """;

  private static final String PYTHON =
      """
      import sys
      from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, push_to_gateway, pushadd_to_gateway, delete_from_gateway
      registry = CollectorRegistry()
      Counter('py_jobs', 'Jobs.', ['code'], registry=registry).labels(code='2"0\\\\0').inc(3)
      gauge = Gauge('py_bytes', 'Bytes.', registry=registry)
      gauge.set(1.5)
      Histogram('py_seconds', 'Seconds.', buckets=(0.1, 1), registry=registry).observe(0.5)
      Summary('py_sizes', 'Sizes.', registry=registry).observe(7)
      key = {'zone': 'a/b \\u00e9', 'empty': ''}
      push_to_gateway(sys.argv[1], job='py', registry=registry, grouping_key=key)
      gauge.set(2.5)
      pushadd_to_gateway(sys.argv[1], job='py', registry=registry, grouping_key=key)
      pushadd_to_gateway(sys.argv[1], job='py', registry=registry, grouping_key={'kind': 'gone'})
      delete_from_gateway(sys.argv[1], job='py', grouping_key={'kind': 'gone'})
      """;

  private static final String CURL =
      """
      set -e
      printf '# TYPE sh_jobs_total counter\\nsh_jobs_total{code="200"} 3\\nsh_bytes 1.5\\n' |
        curl -sf --data-binary @- "http://$1/metrics/job/sh/zone/north"
      printf 'sh_bytes 2.5\\n' | gzip | curl -sf -H 'Content-Encoding: gzip' --data-binary @- "http://$1/metrics/job/sh/zone/north"
      printf 'sh_bytes 1\\n' | curl -sf -X PUT --data-binary @- "http://$1/metrics/job@base64/c2gvZ29uZQ"
      curl -sf -X DELETE "http://$1/metrics/job@base64/c2gvZ29uZQ"
      printf 'sh_bytes 1\\n' | curl -sf -X PUT --data-binary @- "http://$1/metrics/job/sh/path@base64/L3Zhci9sb2c"
      """;

  private final Gateway original;
  private final Gateway narthex;
  private final Proof proof;

  PushPrograms(Gateway original, Gateway narthex, Proof proof) {
    this.original = original;
    this.narthex = narthex;
    this.proof = proof;
  }

  /** One client's pushes to a server. */
  private interface Client {
    void push(String address) throws IOException, InterruptedException;
  }

  void run() throws IOException, InterruptedException {
    check("client_java, text", address -> java(address, Format.PROMETHEUS_TEXT));
    check("client_java, protobuf", address -> java(address, Format.PROMETHEUS_PROTOBUF));
    Path js = Files.createDirectories(proof.folder().resolve("js"));
    execute(js, Map.of(), "npm", "install", "--no-audit", "--no-fund", "--silent", PROM_CLIENT);
    Files.writeString(js.resolve("push.js"), NODE);
    check(PROM_CLIENT, address -> execute(js, Map.of(), "node", "push.js", address));
    Path py = Files.createDirectories(proof.folder().resolve("py"));
    execute(py, Map.of(), "python3", "-m", "pip", "install", "-q", "--target=lib", PYTHON_CLIENT);
    Files.writeString(py.resolve("push.py"), PYTHON);
    Map<String, String> library =
        Map.of("PYTHONPATH", "lib", "PROMETHEUS_DISABLE_CREATED_SERIES", "True");
    check(PYTHON_CLIENT, address -> execute(py, library, "python3", "push.py", address));
    Path sh = Files.createDirectories(proof.folder().resolve("sh"));
    check("curl", address -> execute(sh, Map.of(), "bash", "-c", CURL, "curl", address));
    promtool(sh);
  }

  private void check(String what, Client client) throws InterruptedException {
    List<String> problems = new ArrayList<>();
    int samples = 0;
    try {
      client.push(original.address());
      client.push(narthex.address());
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
      List<String> differences;
      do {
        // the original answers deletions before they are done
        Thread.sleep(50);
        Exposition expected = Exposition.parse(original.exposition().body());
        Exposition shown = Exposition.parse(narthex.exposition().body());
        differences = expected.differences(shown);
        differences.addAll(expected.otherHelps(shown));
        differences.addAll(
            Groups.parse(original.groups().body())
                .differences(Groups.parse(narthex.groups().body())));
        samples = expected.size();
      } while (!differences.isEmpty() && System.nanoTime() < deadline);
      problems.addAll(differences);
      if (samples == 0) {
        problems.add("the original shows nothing");
      }
    } catch (IOException e) {
      problems.add(String.valueOf(e.getMessage()));
    }
    proof.verdict(what, samples + " samples in all, shown alike", problems);
  }

  private static void java(String address, Format format) throws IOException {
    PrometheusRegistry registry = new PrometheusRegistry();
    Counter.builder()
        .name("java_jobs_total")
        .help("Jobs.")
        .labelNames("code")
        .register(registry)
        .labelValues("200")
        .inc(3);
    Gauge gauge = Gauge.builder().name("java_bytes").help("Bytes.").register(registry);
    gauge.set(1.5);
    Histogram.builder()
        .name("java_seconds")
        .help("Seconds.")
        .classicUpperBounds(0.1, 1)
        .register(registry)
        .observe(0.5);
    Summary.builder().name("java_sizes").help("Sizes.").quantile(0.5).register(registry).observe(7);
    PushGateway gateway =
        PushGateway.builder()
            .address(address)
            .job("java " + format)
            .groupingKey("zone", "a/b é")
            .groupingKey("kind", "put")
            .format(format)
            .registry(registry)
            .build();
    gateway.push();
    gauge.set(2.5);
    gateway.pushAdd();
    PushGateway gone =
        PushGateway.builder()
            .address(address)
            .job("java gone")
            .format(format)
            .registry(registry)
            .build();
    gone.push();
    gone.delete();
  }

  /** promtool pushes by remote write, which a Pushgateway does not take. */
  private void promtool(Path folder) throws InterruptedException {
    List<String> problems = new ArrayList<>();
    try {
      Files.writeString(
          folder.resolve("metrics"),
          "# HELP tool_bytes Bytes.\n# TYPE tool_bytes gauge\ntool_bytes{code=\"a\"} 4096\n");
      execute(
          folder,
          Map.of(),
          Peer.program("promtool").toString(),
          "push",
          "metrics",
          "--label=job=tool",
          "http://" + narthex.address() + "/api/v1/write",
          "metrics");
      String query =
          URLEncoder.encode("tool_bytes{code=\"a\",job=\"tool\"}", StandardCharsets.UTF_8);
      Reply answer =
          narthex.send(
              new Request("look", "GET", "/api/v1/query?query=" + query, Map.of(), new byte[0]));
      if (!answer.body().contains("\"4096\"")) {
        problems.add("what was pushed is answered with " + answer.body());
      }
    } catch (IOException | IllegalArgumentException e) {
      problems.add(String.valueOf(e.getMessage()));
    }
    proof.verdict("promtool push metrics", "by remote write, read by a query", problems);
  }

  private static void execute(Path folder, Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException(command[0] + " has not ended after " + PATIENCE_SECONDS + " s");
      }
    } finally {
      process.destroyForcibly();
    }
    if (process.exitValue() != 0) {
      throw new IOException(
          command[0] + " ended with " + process.exitValue() + ": " + Files.readString(log).strip());
    }
  }
}
