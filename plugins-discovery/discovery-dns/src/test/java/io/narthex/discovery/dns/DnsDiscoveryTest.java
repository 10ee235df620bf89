package io.narthex.discovery.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.TargetGroup;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.discovery.DiscoveryKit;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Type;

final class DnsDiscoveryTest extends DiscoveryKit {
  private static final String SRV = "_http._tcp.example.com";
  private final DnsServer server;

  DnsDiscoveryTest() throws IOException {
    server = new DnsServer();
    server.put(SRV + ".", srv("a.example.com.", 80), srv("b.example.com.", 81));
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private static Name name(String text) {
    return Name.fromConstantString(text);
  }

  private static SRVRecord srv(String target, int port) {
    return new SRVRecord(name(SRV + "."), DClass.IN, 0, 0, 0, port, name(target));
  }

  @Override
  protected Discovery open(PluginContext context) {
    return open("SRV", 0, SRV);
  }

  private Discovery open(String type, int port, String... names) {
    return new DnsDiscoveryProvider()
        .open(
            new DnsConfig(
                List.of(names), type, port, Duration.ofMillis(100), List.of(server.address())),
            context());
  }

  private static Map<String, String> target(
      String address, String name, String srv, String port, String mx, String ns) {
    Map<String, String> m = new HashMap<>();
    m.put("__address__", address);
    m.put("__meta_dns_name", name);
    m.put("__meta_dns_srv_record_target", srv);
    m.put("__meta_dns_srv_record_port", port);
    m.put("__meta_dns_mx_record_target", mx);
    m.put("__meta_dns_ns_record_target", ns);
    return m;
  }

  @Override
  protected List<TargetGroup> expected() {
    return List.of(
        new TargetGroup(
            SRV,
            Map.of(),
            List.of(
                target("a.example.com:80", SRV, "a.example.com.", "80", "", ""),
                target("b.example.com:81", SRV, "b.example.com.", "81", "", ""))));
  }

  private List<Map<String, String>> found(Discovery discovery) throws InterruptedException {
    try (Running running = new Running(discovery)) {
      running.sink.await("targets", PATIENCE, () -> !running.sink.groups().isEmpty());
      return running.sink.groups().get(0).targets();
    }
  }

  @Test
  void everyTypeOfRecordBecomesTargets() throws Exception {
    Name x = name("x.example.com.");
    server.put(
        "x.example.com.",
        new CNAMERecord(x, DClass.IN, 0, name("y.example.com.")),
        new ARecord(x, DClass.IN, 0, InetAddress.getByName("192.0.2.1")));
    assertThat(found(open("A", 9100, "x.example.com")))
        .containsExactly(target("192.0.2.1:9100", "x.example.com", "", "", "", ""));
    server.put(
        "x.example.com.",
        new AAAARecord(x, DClass.IN, 0, InetAddress.getByName("2001:db8:0:0:1:0:0:1")));
    assertThat(found(open("AAAA", 9100, "x.example.com")))
        .containsExactly(target("[2001:db8::1:0:0:1]:9100", "x.example.com", "", "", "", ""));
    server.put("x.example.com.", new MXRecord(x, DClass.IN, 0, 5, name("m.example.com.")));
    assertThat(found(open("mx", 25, "x.example.com")))
        .containsExactly(target("m.example.com:25", "x.example.com", "", "", "m.example.com.", ""));
    server.put("x.example.com.", new NSRecord(x, DClass.IN, 0, name("n.example.com.")));
    assertThat(found(open("NS", 53, "x.example.com")))
        .containsExactly(target("n.example.com:53", "x.example.com", "", "", "", "n.example.com."));
  }

  @Test
  void changeBecomesTargetsSoonAndANameThatVanishesHasNone() throws Exception {
    try (Running running = new Running(open(context()))) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 1);
      server.put(SRV + ".", srv("c.example.com.", 1));
      running.sink.await(
          "the change", PATIENCE, () -> running.sink.groups().get(0).targets().size() == 1);
      server.put(SRV + ".");
      running.sink.await("none", PATIENCE, () -> running.sink.groups().isEmpty());
    }
  }

  @Test
  void failureKeepsTargetsAndIsReported() throws Exception {
    try (Running running = new Running(open(context()))) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 1);
      server.rcode = Rcode.SERVFAIL;
      running.sink.await("a failure", PATIENCE, () -> !running.sink.failures().isEmpty());
      assertThat(running.sink.failures().get(0))
          .contains("could not resolve \"" + SRV + "\"", "SERVFAIL");
      assertThat(running.sink.groups()).isEqualTo(expected());
    }
  }

  @Test
  void longAnswersComeByStream() throws Exception {
    server.truncates = true;
    assertThat(found(open(context()))).hasSize(2);
    assertThat(server.streams.get()).isPositive();
  }

  @Test
  void searchListCompletesShortNames() throws Exception {
    server.put("db.corp.example.", new ARecord(name("db.corp.example."), DClass.IN, 0, loopback()));
    java.nio.file.Path conf =
        Files.writeString(
            directory.resolve("resolv.conf"), "# c\nsearch none.example corp.example\n");
    Discovery discovery =
        new DnsDiscovery(
            new DnsConfig(List.of("db"), "A", 1, Duration.ofMillis(100), List.of(server.address())),
            Type.A,
            conf);
    assertThat(found(discovery)).containsExactly(target("127.0.0.1:1", "db", "", "", "", ""));
    ResolverConfig read =
        ResolverConfig.read(
            Files.writeString(
                conf, "nameserver 192.0.2.7\noptions ndots:2 timeout:3 rotate\ndomain d\n"));
    assertThat(read.servers().get(0).getHostString()).isEqualTo("192.0.2.7");
    assertThat(read.timeout()).isEqualTo(Duration.ofSeconds(3));
    assertThat(read.candidates("a.b")).containsExactly("a.b.d.", "a.b.");
    assertThat(read.candidates("a.b.c")).containsExactly("a.b.c.", "a.b.c.d.");
    assertThat(read.candidates("a.")).containsExactly("a.");
  }

  private static InetAddress loopback() throws UnknownHostException {
    return InetAddress.getByName("127.0.0.1");
  }

  @Test
  void interruptEndsALookupThatGetsNoAnswerAndLeavesNoThread() throws Exception {
    server.silent = true;
    long interrupted;
    try (Running _ = new Running(open(context()))) {
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (server.queries.get() == 0 && System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      interrupted = System.nanoTime();
    }
    assertThat(Duration.ofNanos(System.nanoTime() - interrupted)).isLessThan(Duration.ofSeconds(5));
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .noneMatch(n -> n.contains("dnsjava"));
  }

  @Test
  void refusesConfigurationsThatCannotWork() {
    refuses(() -> open("SRV", 0), "DNS-SD config must contain at least one SRV record name");
    refuses(
        () -> open("A", 0, "x"),
        "a port is required in DNS-SD configs for all record types except SRV");
    refuses(() -> open("TXT", 1, "x"), "invalid DNS-SD records type TXT");
  }

  private static void refuses(org.assertj.core.api.ThrowableAssert.ThrowingCallable c, String m) {
    assertThatThrownBy(c).isInstanceOf(ConfigException.class).hasMessage(m);
  }
}
