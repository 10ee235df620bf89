package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** TLS 1.0 and 1.1: to who asks for them and to nobody else. */
class OldTlsIT {
  @RegisterExtension private final Stage stage = new Stage();
  private final List<Process> peers = new ArrayList<>();

  @AfterEach
  void end() {
    peers.forEach(Process::destroyForcibly);
  }

  /** Starts a peer and returns the first line that it writes. */
  private String peer(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(OldTlsPeer.class.getName());
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    peers.add(process);
    return new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))
        .readLine();
  }

  @Test
  void oldTargetsAreReachedWhereTheirVersionIsNamed() throws Exception {
    TlsFiles.create(stage.folder, stage.folder.resolve("target.pem"));
    String keys = stage.folder.resolve("keys.p12").toString();
    StringBuilder jobs =
        new StringBuilder("global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n");
    jobs.append("scrape_configs:\n");
    for (String version : List.of("TLSv1", "TLSv1.1")) {
      String target = "127.0.0.1:" + peer("serve", version, keys);
      for (String settings : List.of("", ", min_version: TLS10", ", min_version: TLS11")) {
        jobs.append("  - job_name: '").append(version).append(settings).append("'\n");
        jobs.append("    scheme: https\n    tls_config: {ca_file: target.pem");
        jobs.append(settings).append("}\n    static_configs: [{targets: ['");
        jobs.append(target).append("']}]\n");
      }
    }
    stage.file("prometheus.yml", jobs.toString());
    stage.start();
    Server.await(
        "the old targets",
        () -> stage.server().value("sum(up{job=~\"TLSv1(, min_version: TLS10)\"})") == 1);
    Server.await(
        "the other old target",
        () -> stage.server().value("sum(up{job=~\"TLSv1.1, min_version: TLS1.\"})") == 2);
    Server.await("all have been asked", () -> stage.server().value("count(up)") == 6);
    assertThat(stage.server().value("sum(up)")).isEqualTo(3);
    assertThat(stage.server().get("api/v1/targets?state=active").body())
        .contains("remote error: tls: protocol version not supported");
  }

  @Test
  void listenersServeThemWhereTheConfigurationSaysSo() throws Exception {
    PemFiles.create(stage.folder, "own", "san=ip:127.0.0.1");
    List<String> ports = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        ports.add(Integer.toString(free.getLocalPort()));
      }
    }
    stage.file("prometheus.yml", "scrape_configs: []\n");
    stage.file(
        "narthex.yml",
        Stage.QUICK_REMOVAL
            + "web:\n  listeners:\n"
            + "  - {address: '127.0.0.1:%s', web_config_file: usual.yml}\n".formatted(ports.get(0))
            + "  - {address: '127.0.0.1:%s', web_config_file: old.yml}\n".formatted(ports.get(1)));
    String files = "tls_server_config: {cert_file: own.pem, key_file: own.key";
    stage.file("usual.yml", files + "}\n");
    stage.file("old.yml", files + ", min_version: TLS10}\n");
    stage.start();
    for (String version : List.of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")) {
      boolean usual = version.compareTo("TLSv1.2") >= 0;
      assertThat(peer("connect", version, ports.get(0))).isEqualTo(usual ? version : "refused");
      assertThat(peer("connect", version, ports.get(1))).isEqualTo(version);
    }
  }
}
