package io.narthex.exporter.jvm.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.exporter.jvm.jmx.Deadline;
import io.narthex.exporter.jvm.jmx.FakeApplications;
import io.narthex.exporter.jvm.jmx.FakeBean;
import io.narthex.exporter.jvm.jmx.JmxException;
import io.narthex.exporter.jvm.jmx.JmxScraper;
import io.narthex.exporter.jvm.jmx.Limits;
import io.narthex.exporter.jvm.jmx.RuleFileReader;
import io.narthex.model.Labels;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@NullUnmarked
@Timeout(60)
class RemoteBeansTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final HostSockets SOCKETS =
      new HostSockets(() -> (SSLSocketFactory) SSLSocketFactory.getDefault());

  private static RemoteBeans connect(String address, Login login, Duration time)
      throws IOException, InterruptedException {
    return RemoteBeans.connect(Endpoint.parse(address), login, SOCKETS, Deadline.after(time));
  }

  private static RecordingMetrics scrape(JmxServer server, String rules) throws Exception {
    RecordingMetrics metrics = new RecordingMetrics();
    Deadline deadline = Deadline.after(PATIENCE);
    try (RemoteBeans beans =
        RemoteBeans.connect(Endpoint.parse(server.address()), Login.NONE, SOCKETS, deadline)) {
      new JmxScraper(RuleFileReader.read("test", rules, n -> null), Limits.DEFAULT)
          .scrape(beans, deadline)
          .write(metrics);
    }
    assertThat(metrics.faults()).isEmpty();
    return metrics;
  }

  @Test
  void readsNamesDescriptionsAndAttributes() throws Exception {
    try (JmxServer server = new JmxServer(null, null)) {
      new FakeApplications().register(server.beans());
      try (RemoteBeans beans = connect(server.address(), Login.NONE, PATIENCE)) {
        var name = FakeBean.name("Catalina:type=ThreadPool,name=\"http-nio-8080\"");
        assertThat(beans.names(FakeBean.name("Catalina:type=ThreadPool,*")))
            .contains(name)
            .hasSize(2);
        assertThat(beans.info(name).getAttributes()).hasSize(7);
        assertThat(beans.attributes(name, new String[] {"maxThreads", "absent", "running"}))
            .extracting(a -> a.getName() + "=" + a.getValue())
            .containsExactly("maxThreads=200", "running=true");
      }
    }
  }

  @Test
  void logsInAndOut() throws Exception {
    try (JmxServer server = new JmxServer("secret", null)) {
      Login right = new Login("monitor", "secret", false, false);
      try (RemoteBeans beans = connect(server.address(), right, PATIENCE)) {
        assertThat(beans.names(FakeBean.name("*:*"))).isNotEmpty();
      }
      assertThatThrownBy(() ->
              connect(server.address(), new Login("monitor", "wrong", false, false), PATIENCE))
          .isInstanceOf(JmxException.class)
          .hasMessageContaining("Authentication failed")
          .hasMessageNotContaining("wrong");
      assertThatThrownBy(() -> connect(server.address(), Login.NONE, PATIENCE))
          .isInstanceOf(JmxException.class);
    }
  }

  @Test
  void refusesAServerWithoutTlsThatMustUseIt() throws Exception {
    try (JmxServer server = new JmxServer("secret", null)) {
      assertThatThrownBy(() ->
              connect(server.address(), new Login("monitor", "secret", true, false), PATIENCE))
          .isInstanceOf(JmxException.class)
          .hasMessageContaining("does not use TLS");
    }
  }

  @Test
  void endsByTheDeadlineWhenNobodyAnswers() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      long started = System.nanoTime();
      assertThatThrownBy(() ->
              connect("127.0.0.1:" + silent.getLocalPort(), Login.NONE, Duration.ofMillis(400)))
          .isInstanceOf(IOException.class);
      assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(5));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void endsByTheDeadlineWhenBytesTrickle(boolean tls) throws Exception {
    // the greeting of RMI with a long host name, the start of a record of TLS: neither ever ends
    byte[] start = tls ? new byte[] {22, 3, 3, 64, 0} : new byte[] {0x4e, (byte) 0xff, (byte) 0xff};
    try (ServerSocket trickling = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("trickle").factory())) {
      Thread unused =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  OutputStream out = trickling.accept().getOutputStream();
                  out.write(start);
                  timer.scheduleAtFixedRate(() -> trickle(out), 0, 50, TimeUnit.MILLISECONDS);
                } catch (IOException _) {
                  // the test has ended
                }
              });
      long started = System.nanoTime();
      assertThatThrownBy(() ->
              connect(
                  "127.0.0.1:" + trickling.getLocalPort(),
                  new Login(null, null, tls, tls),
                  Duration.ofMillis(700)))
          .isInstanceOf(IOException.class);
      assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(5));
      timer.shutdownNow();
    }
  }

  private static void trickle(OutputStream out) {
    try {
      out.write('x');
    } catch (IOException e) {
      throw new UncheckedIOException(e); // ends it
    }
  }

  @Test
  void endsWhenInterrupted() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      CountDownLatch begun = new CountDownLatch(1);
      AtomicReference<Throwable> end = new AtomicReference<>();
      Thread thread =
          Thread.ofPlatform()
              .name("scrape under test")
              .start(() -> {
                begun.countDown();
                try {
                  connect("127.0.0.1:" + silent.getLocalPort(), Login.NONE, Duration.ofHours(1))
                      .close();
                } catch (IOException | InterruptedException e) {
                  end.set(e);
                }
              });
      begun.await();
      silent.accept().getInputStream().read(); // it waits for an answer
      thread.interrupt();
      thread.join(10_000);
      assertThat(thread.isAlive()).isFalse();
      assertThat(end.get()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void endsByTheDeadlineWhenAnAttributeHangs() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    try (JmxServer server = new JmxServer(null, null)) {
      server.beans().registerMBean(new Hanging(never), FakeBean.name("slow:type=Hanging"));
      Deadline deadline = Deadline.after(Duration.ofMillis(700));
      RemoteBeans beans =
          RemoteBeans.connect(Endpoint.parse(server.address()), Login.NONE, SOCKETS, deadline);
      long started = System.nanoTime();
      assertThatThrownBy(
              () -> beans.attributes(FakeBean.name("slow:type=Hanging"), new String[] {"Value"}))
          .isInstanceOf(JmxException.class)
          .hasMessageContaining("no");
      beans.close();
      assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(5));
    } finally {
      never.countDown();
    }
  }

  /** Does not answer until released. */
  public interface HangingMBean {
    /** Returns late. */
    int getValue() throws InterruptedException;
  }

  private record Hanging(CountDownLatch never) implements HangingMBean {
    @Override
    public int getValue() throws InterruptedException {
      never.await();
      return 1;
    }
  }

  /** Code that must not run in this server. */
  private static final class Evil implements Serializable {
    private static final long serialVersionUID = 1;
    static final AtomicBoolean RUN = new AtomicBoolean();

    private void readObject(ObjectInputStream in) {
      RUN.set(true);
    }
  }

  @Test
  void runsNoCodeOfClassesThatAJvmSends() throws Exception {
    try (JmxServer server = new JmxServer(null, null)) {
      server
          .beans()
          .registerMBean(
              new FakeBean(
                  "Before", 1, "Evil", new Evil(), "NotSerializable", Optional.of(2), "After", 3),
              FakeBean.name("test:type=Mixed"));
      Evil.RUN.set(false);
      RecordingMetrics metrics = scrape(server, "includeObjectNames: ['test:*']");
      assertThat(metrics.samples())
          .containsOnly(
              Map.entry(Labels.of("__name__", "test_Mixed_Before"), 1.0),
              Map.entry(Labels.of("__name__", "test_Mixed_After"), 3.0));
      assertThat(Evil.RUN).isFalse();
    }
  }

  @Test
  void refusesWhatTakesExponentialTimeOrMuchMemory() throws Exception {
    Set<Object> root = new HashSet<>();
    Set<Object> a = root;
    Set<Object> b = new HashSet<>();
    for (int i = 0; i < 60; i++) { // each level doubles the time to compute the hash
      Set<Object> c = new HashSet<>();
      Set<Object> d = new HashSet<>();
      c.add("x");
      a.add(c);
      a.add(d);
      b.add(c);
      b.add(d);
      a = c;
      b = d;
    }
    List<Object> deep = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      deep = new ArrayList<>(List.of(deep));
    }
    try (JmxServer server = new JmxServer(null, null)) {
      server
          .beans()
          .registerMBean(
              new FakeBean(
                  "Fine",
                  1,
                  "Deep",
                  deep,
                  "Array",
                  new long[ReplyFilter.LONGEST_ARRAY + 1],
                  "Text",
                  "long ".repeat(1_000)),
              FakeBean.name("test:type=Large"));
      server.beans().registerMBean(new FakeBean("Sets", root), FakeBean.name("test:type=Sets"));
      RecordingMetrics metrics = scrape(server, "includeObjectNames: ['test:*']");
      assertThat(metrics.samples())
          .containsOnly(Map.entry(Labels.of("__name__", "test_Large_Fine"), 1.0));
    }
  }
}
