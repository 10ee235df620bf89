package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The server finds another JVM, attaches to it and scrapes it, and reaches nothing else. */
class OtherJvmsIT {
  @RegisterExtension private final Stage stage = new Stage();

  /** A program that waits until its standard input ends. */
  static final class Neighbour {
    private Neighbour() {}

    public static void main(String[] args) throws IOException {
      try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
        out.write('r');
        out.flush();
        while (System.in.read() >= 0) {
          out.flush();
        }
      }
    }
  }

  private static Process neighbour() throws Exception {
    Path classes =
        Path.of(OtherJvmsIT.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-cp",
                classes.toString(),
                Neighbour.class.getName())
            .start();
    assertThat(process.getInputStream().read()).isEqualTo('r');
    return process;
  }

  @Test
  void findsAttachesAndScrapesWhatTheSettingsAllow() throws Exception {
    Process neighbour = neighbour();
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      String hanging = "127.0.0.1:" + silent.getLocalPort();
      stage.file("memory.yml", "includeObjectNames: ['java.lang:type=Memory']\n");
      stage.file(
          "narthex.yml",
          """
          exporters:
            jvm:
              modules:
                memory:
                  rules_file: memory.yml
                  attach: ['io\\.narthex\\.itests\\.OtherJvmsIT\\$Neighbour']
                hanging: {targets: ['%s'], timeout: 60s}
          """
              .formatted(hanging));
      stage.file(
          "prometheus.yml",
          """
          global: {scrape_interval: 1s, scrape_timeout: 1s}
          scrape_configs:
            - job_name: neighbours
              jvm_sd_configs: [{module: memory, refresh_interval: 1s}]
              relabel_configs:
                - {source_labels: [__meta_jvm_main_class], regex: '.*Neighbour', action: keep}
          """);
      Server server = stage.start();
      String labels = "{job=\"neighbours\",instance=\"attach:" + neighbour.pid() + "\"}";
      Server.await(
          "metrics of the other JVM",
          () -> hasValue(server, "java_lang_Memory_HeapMemoryUsage_max" + labels + " > 0"));
      Server.await(
          "a scrape without error", () -> hasValue(server, "jmx_scrape_error" + labels + " == 0"));

      // one that hangs delays no other
      CountDownLatch over = new CountDownLatch(1);
      Thread unused =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  server.get("exporters/jvm/metrics?module=hanging");
                } finally {
                  over.countDown();
                }
              });
      try (Socket hangs = silent.accept()) {
        assertThat(hangs.getInputStream().read()).as("it is being asked").isEqualTo('J');
        HttpResponse<String> own = server.get("exporters/jvm/metrics");
        assertThat(own.statusCode()).as(own.body()).isEqualTo(200);
        assertThat(own.body()).contains("jvm_threads_current ");
        assertThat(over.getCount()).as("it still hangs").isEqualTo(1);
      }
      assertThat(over.await(30, TimeUnit.SECONDS)).isTrue();

      String path = "exporters/jvm/metrics?module=memory&target=";
      HttpResponse<String> allowed = server.get(path + "attach:" + neighbour.pid());
      assertThat(allowed.statusCode()).isEqualTo(200);
      assertThat(allowed.body()).contains("java_lang_Memory_HeapMemoryUsage_max ");
      for (String target : new String[] {hanging, "attach:" + ProcessHandle.current().pid()}) {
        HttpResponse<String> refused = server.get(path + target);
        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(500);
        assertThat(refused.body()).contains("allow");
      }

      neighbour.destroyForcibly();
      Server.await(
          "the target is gone",
          () -> {
            JsonNode targets = server.json("api/v1/targets?scrapePool=neighbours");
            return targets.path("data").path("activeTargets").isEmpty();
          });
    } finally {
      neighbour.destroyForcibly();
      assertThat(neighbour.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static boolean hasValue(Server server, String expression) {
    return !server.query(expression).isEmpty();
  }
}
