package io.narthex.exporter.jvm.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.exporter.jvm.jmx.Deadline;
import io.narthex.exporter.jvm.jmx.FakeBean;
import io.narthex.exporter.jvm.jmx.JmxException;
import io.narthex.exporter.jvm.jmx.JmxScraper;
import io.narthex.exporter.jvm.jmx.Limits;
import io.narthex.exporter.jvm.jmx.RuleFile;
import io.narthex.exporter.jvm.jmx.RuleFileReader;
import io.narthex.model.Labels;
import io.narthex.testkit.exporter.RecordingMetrics;
import io.prometheus.jmx.JmxCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.UnknownSnapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The management agent of a JDK in another process. */
@NullUnmarked
@Timeout(120)
class RemoteAgentTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir private Path folder;
  private int port;

  private SpawnedJvm agent(String... options) throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    List<String> all = new ArrayList<>(List.of(options));
    all.add("-Dcom.sun.management.jmxremote.port=" + port);
    all.add("-Dcom.sun.management.jmxremote.host=127.0.0.1");
    return new SpawnedJvm(all.toArray(new String[0]));
  }

  private static String[] plain(String... more) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "-Dcom.sun.management.jmxremote.authenticate=false",
                "-Dcom.sun.management.jmxremote.ssl=false"));
    all.addAll(List.of(more));
    return all.toArray(new String[0]);
  }

  private RemoteBeans connect(Login login, Sockets sockets)
      throws IOException, InterruptedException {
    return RemoteBeans.connect(
        Endpoint.parse("127.0.0.1:" + port), login, sockets, Deadline.after(PATIENCE));
  }

  private static HostSockets sockets() {
    return new HostSockets(() -> (SSLSocketFactory) SSLSocketFactory.getDefault());
  }

  private HostSockets trusting(String store) {
    RuleFile.Tls tls =
        new RuleFile.Tls(
            null, new RuleFile.Store(store, "PKCS12", TlsStores.PASSWORD), List.of(), List.of());
    return new HostSockets(() -> {
      try {
        return new StoreSockets(tls, folder);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
  }

  @ParameterizedTest
  @ValueSource(strings = {"all.yml", "kafka.yml", "tomcat.yml", "cassandra.yml"})
  void givesTheSeriesThatJmxExporterGivesOverJmx(String name) throws Exception {
    try (SpawnedJvm unused = agent(plain())) {
      String rules =
          "hostPort: 127.0.0.1:"
              + port
              + "\n"
              + Files.readString(Path.of("src/test/resources/rules", name));
      PrometheusRegistry theirs = new PrometheusRegistry();
      new JmxCollector(Files.writeString(folder.resolve(name), rules).toFile()).register(theirs);
      Map<Labels, Double> expected = samples(theirs);
      JmxScraper ours = new JmxScraper(RuleFileReader.read(name, rules, n -> null), Limits.DEFAULT);
      for (int i = 0; i < 2; i++) {
        RecordingMetrics metrics = new RecordingMetrics();
        try (RemoteBeans beans = connect(Login.NONE, sockets())) {
          ours.scrape(beans, Deadline.after(PATIENCE)).write(metrics);
        }
        assertThat(metrics.faults()).isEmpty();
        assertThat(new HashMap<>(metrics.samples())).isEqualTo(expected);
      }
      assertThat(expected).hasSizeGreaterThan(10);
    }
  }

  private static Map<Labels, Double> samples(PrometheusRegistry registry) {
    Map<Labels, Double> samples = new HashMap<>();
    for (MetricSnapshot snapshot : registry.scrape()) {
      String family = snapshot.getMetadata().getPrometheusName();
      if (family.startsWith("jmx_")) {
        continue;
      }
      String name = snapshot instanceof CounterSnapshot ? family + "_total" : family;
      for (DataPointSnapshot point : snapshot.getDataPoints()) {
        List<String> pairs = new ArrayList<>(List.of(Labels.METRIC_NAME, name));
        point
            .getLabels()
            .forEach(l -> {
              pairs.add(l.getName());
              pairs.add(l.getValue());
            });
        samples.put(
            Labels.of(pairs.toArray(new String[0])),
            switch (point) {
              case CounterSnapshot.CounterDataPointSnapshot p -> p.getValue();
              case GaugeSnapshot.GaugeDataPointSnapshot p -> p.getValue();
              case UnknownSnapshot.UnknownDataPointSnapshot p -> p.getValue();
              default -> throw new AssertionError(point.getClass());
            });
      }
    }
    return samples;
  }

  @Test
  void goesToTheConfiguredHostWhateverTheRegistrySays() throws Exception {
    // an address of documentation: nothing answers there, and a connection to it would hang
    try (SpawnedJvm unused = agent(plain("-Djava.rmi.server.hostname=192.0.2.1"));
        RemoteBeans beans = connect(Login.NONE, sockets())) {
      assertThat(beans.names(FakeBean.name("kafka.*:*"))).isNotEmpty();
    }
  }

  @Test
  void speaksTlsWithRegistryAndServerAndLogsIn() throws Exception {
    TlsStores.make(folder, "right", "ip:127.0.0.1");
    Path passwords = Files.writeString(folder.resolve("passwords"), "monitor s3cret\n");
    Files.setPosixFilePermissions(passwords, PosixFilePermissions.fromString("rw-------"));
    Path access = Files.writeString(folder.resolve("access"), "monitor readonly\n");
    String[] options = {
      "-Dcom.sun.management.jmxremote.ssl=true",
      "-Dcom.sun.management.jmxremote.registry.ssl=true",
      "-Dcom.sun.management.jmxremote.password.file=" + passwords,
      "-Dcom.sun.management.jmxremote.access.file=" + access,
      "-Djavax.net.ssl.keyStore=" + folder.resolve("right.p12"),
      "-Djavax.net.ssl.keyStorePassword=" + TlsStores.PASSWORD,
      "-Djavax.net.ssl.trustStore=" + folder.resolve("right-trust.p12"),
      "-Djavax.net.ssl.trustStorePassword=" + TlsStores.PASSWORD
    };
    try (SpawnedJvm unused = agent(options)) {
      Login login = new Login("monitor", "s3cret", true, true);
      try (RemoteBeans beans = connect(login, trusting("right-trust.p12"))) {
        assertThat(beans.names(FakeBean.name("Catalina:*"))).isNotEmpty();
        assertThat(beans.info(FakeBean.name("kafka.server:type=kafka-metrics-count"))).isNotNull();
      }
      assertThatThrownBy(() -> connect(login, sockets())) // which trusts known authorities
          .isInstanceOf(IOException.class)
          .hasMessageContaining("certif");
      assertThatThrownBy(
              () -> connect(new Login("monitor", "no", true, true), trusting("right-trust.p12")))
          .isInstanceOf(JmxException.class)
          .hasMessageContaining("Authentication failed");
    }
  }

  @Test
  void refusesACertificateForAnotherHost() throws Exception {
    TlsStores.make(folder, "stranger", "dns:elsewhere.example");
    String[] options = {
      "-Dcom.sun.management.jmxremote.authenticate=false",
      "-Dcom.sun.management.jmxremote.ssl=true",
      "-Djavax.net.ssl.keyStore=" + folder.resolve("stranger.p12"),
      "-Djavax.net.ssl.keyStorePassword=" + TlsStores.PASSWORD
    };
    try (SpawnedJvm unused = agent(options)) {
      assertThatThrownBy(
              () -> connect(new Login(null, null, true, false), trusting("stranger-trust.p12")))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("127.0.0.1");
    }
  }
}
