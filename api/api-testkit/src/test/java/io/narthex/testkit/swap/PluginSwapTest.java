package io.narthex.testkit.swap;

import static io.narthex.testkit.swap.PluginSwap.swap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.function.FunctionProvider;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.storage.StorageProvider;
import io.narthex.testkit.notifier.HttpStandIn;
import io.narthex.testkit.swap.plugin.Discoverer;
import io.narthex.testkit.swap.plugin.Exporting;
import io.narthex.testkit.swap.plugin.Functions;
import io.narthex.testkit.swap.plugin.Notifying;
import io.narthex.testkit.swap.plugin.Storing;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The assertion passes good plugins and says what is wrong with bad ones. */
class PluginSwapTest {
  private static final Map<String, ?> HOSTS = Map.of("hosts", List.of("a:1", "b:2", "c:3"));
  private static final Duration SHORT = Duration.ofSeconds(1);

  @TempDir private Path folder = Path.of("");

  @AfterEach
  void removeWhatWasLeaked() throws Exception {
    System.getProperties().remove("acme.leak");
    ObjectName lamp = new ObjectName("io.acme:type=Lamp");
    if (ManagementFactory.getPlatformMBeanServer().isRegistered(lamp)) {
      ManagementFactory.getPlatformMBeanServer().unregisterMBean(lamp);
    }
    for (Thread t : Thread.getAllStackTraces().keySet()) {
      if (t.getName().equals("acme-poller")) {
        t.interrupt();
        t.join();
      }
    }
  }

  private Path jar(Class<?> spi, Class<?> provider, String mode) throws Exception {
    return PluginJar.write(folder, spi, provider, mode);
  }

  private PluginSwap discovery(String previous, String next) throws Exception {
    return swap(
            jar(DiscoveryProvider.class, Discoverer.class, previous),
            jar(DiscoveryProvider.class, Discoverer.class, next))
        .settings(HOSTS);
  }

  private static String failure(Runnable assertion) {
    AssertionError e = catchThrowableOfType(AssertionError.class, assertion::run);
    assertThat(e).as("the swap should have failed").isNotNull();
    return String.valueOf(e.getMessage());
  }

  // ---- discoveries -----------------------------------------------------------------------------

  @Test
  void goodDiscoveryPasses() throws Exception {
    discovery("good", "good too").losesNoTarget();
  }

  @Test
  void discoveryOfDeclarativeServicesPasses() throws Exception {
    Path bundle = PluginJar.bundle(folder, DiscoveryProvider.class, Discoverer.class, "bundle");
    swap(bundle, bundle).settings(HOSTS).losesNoTarget();
  }

  @Test
  void lostTargetIsNamed() throws Exception {
    PluginSwap swap = discovery("good", "loses a target");
    assertThat(failure(swap::losesNoTarget))
        .startsWith("swap of good.jar by loses-a-target.jar:\n - targets lost: a:1: ")
        .contains("did not find them");
    swap.mayLose("a:1").losesNoTarget();
  }

  @Test
  void targetsThatComeLaterAreLostForAWhile() throws Exception {
    assertThat(failure(discovery("good", "delivers bit by bit")::losesNoTarget))
        .contains("targets lost: b:2, c:3: the first update of the new version did not have them")
        .contains("has to hold all groups");
  }

  @Test
  void newVersionThatFindsNothingIsTold() throws Exception {
    assertThat(failure(discovery("good", "delivers nothing").patience(SHORT)::losesNoTarget))
        .contains("the new version delivered no targets within 1.0 s")
        .contains("no route to host");
    assertThat(failure(discovery("good", "throws").patience(SHORT)::losesNoTarget))
        .contains("run() of the new version threw java.lang.IllegalStateException: no such table")
        .contains("Discoverer");
  }

  @Test
  void runThatIgnoresInterruptionIsTold() throws Exception {
    PluginSwap swap =
        discovery("ignores interruption", "good").drain(Duration.ofMillis(300)).patience(SHORT);
    assertThat(failure(swap::losesNoTarget))
        .contains("run() of the previous version continues 0.3 s after it was interrupted");
  }

  // ---- leaks -----------------------------------------------------------------------------------

  @Test
  void threadLeftBehindIsNamedWithItsPlace() throws Exception {
    assertThat(failure(discovery("leaks a thread", "good").patience(SHORT)::losesNoTarget))
        .contains("the previous version left thread \"acme-poller\" running, at ")
        .contains("io.narthex.testkit.swap.plugin.Mode");
  }

  @Test
  void mbeanLeftBehindIsNamed() throws Exception {
    assertThat(failure(discovery("leaks an MBean", "good").patience(SHORT)::losesNoTarget))
        .contains("the previous version left MBean io.acme:type=Lamp registered; unregister it");
  }

  @Test
  void classLoaderThatStaysIsTold() throws Exception {
    assertThat(failure(discovery("leaks its class loader", "good").patience(SHORT)::losesNoTarget))
        .contains("the class loader of the previous version is still reachable 1.0 s after")
        .doesNotContain("left thread")
        .doesNotContain("of the new version");
    assertThat(failure(discovery("good", "leaks its class loader").patience(SHORT)::losesNoTarget))
        .contains("the class loader of the new version is still reachable");
  }

  @Test
  void whatIsCachedUntilMemoryIsShortIsNoLeak() throws Exception {
    discovery("is cached softly", "is cached softly").losesNoTarget();
  }

  // ---- exporters -------------------------------------------------------------------------------

  private PluginSwap exporter(String previous, String next) throws Exception {
    return swap(
        jar(ExporterProvider.class, Exporting.class, previous),
        jar(ExporterProvider.class, Exporting.class, next));
  }

  @Test
  void goodExporterPasses() throws Exception {
    exporter("good", "good too").losesNoScrape();
  }

  @Test
  void failedScrapeAndLostMetricAreTold() throws Exception {
    assertThat(failure(exporter("good", "throws").patience(SHORT)::losesNoScrape))
        .contains("collect() of the new version threw")
        .contains("the socket is closed")
        .contains("fewer than 3 scrapes of the new version worked");
    PluginSwap lossy = exporter("good", "loses a metric");
    assertThat(failure(lossy::losesNoScrape))
        .contains("metrics lost: the new version has no lamp_watts");
    lossy.mayLose("lamp_watts").losesNoScrape();
  }

  @Test
  void collectionThatHoldsUpTheSwapIsTold() throws Exception {
    PluginSwap swap = exporter("is slow", "good").drain(Duration.ofMillis(200));
    assertThat(failure(swap::losesNoScrape))
        .contains("a collection of the previous version continues 0.2 s after the swap");
  }

  @Test
  void leakOfAnExporterIsFound() throws Exception {
    assertThat(failure(exporter("leaks a thread", "good").patience(SHORT)::losesNoScrape))
        .contains("left thread \"acme-poller\"");
  }

  // ---- notifiers -------------------------------------------------------------------------------

  private PluginSwap notifier(HttpStandIn peer, String previous, String next) throws Exception {
    return swap(
            jar(NotifierProvider.class, Notifying.class, previous),
            jar(NotifierProvider.class, Notifying.class, next))
        .settings(Map.of("url", peer.url("/").toString()))
        .identifiedBy(Notification::dedupKey);
  }

  @Test
  void goodNotifierPasses() throws Exception {
    try (HttpStandIn peer = new HttpStandIn()) {
      notifier(peer, "good", "good too").losesNoNotification(peer);
      assertThat(peer.received()).hasSize(24);
    }
  }

  @Test
  void lostAndDoubledNotificationsAreNamed() throws Exception {
    try (HttpStandIn peer = new HttpStandIn()) {
      PluginSwap lossy = notifier(peer, "keeps a queue of its own", "good");
      assertThat(failure(() -> lossy.losesNoNotification(peer)))
          .contains("notifications lost: key-of-swap-0000")
          .doesNotContain("doubled");
      PluginSwap twice = notifier(peer, "good", "asks again for what arrived");
      peer.delay(Duration.ofMillis(300));
      assertThat(failure(() -> twice.losesNoNotification(() -> bodies(peer))))
          .contains("notifications doubled: ")
          .contains("key-of-swap-0023 (2 times)") // the last: sent by the new version for certain
          .doesNotContain("lost");
    }
  }

  private static List<String> bodies(HttpStandIn peer) {
    return peer.received().stream().map(HttpStandIn.Received::body).toList();
  }

  @Test
  void leakOfANotifierIsFound() throws Exception {
    try (HttpStandIn peer = new HttpStandIn()) {
      PluginSwap leaky = notifier(peer, "leaks its class loader", "good").patience(SHORT);
      assertThat(failure(() -> leaky.losesNoNotification(peer)))
          .contains("the class loader of the previous version is still reachable");
    }
  }

  // ---- storages --------------------------------------------------------------------------------

  private PluginSwap storage(String previous, String next) throws Exception {
    return swap(
        jar(StorageProvider.class, Storing.class, previous),
        jar(StorageProvider.class, Storing.class, next));
  }

  @Test
  void goodStoragePasses() throws Exception {
    storage("good", "good too").losesNoSample(true);
  }

  @Test
  void lostSamplesAreCounted() throws Exception {
    PluginSwap swap = storage("writes too late", "good");
    assertThat(failure(() -> swap.losesNoSample(true)))
        .contains("samples lost: ")
        .contains("swap_samples");
    swap.losesNoSample(false); // good enough for one that keeps nothing over its end
  }

  @Test
  void storageThatFailsToCloseIsTold() throws Exception {
    PluginSwap swap = storage("fails to close", "good");
    assertThat(failure(() -> swap.losesNoSample(true)))
        .contains("close() of the previous version threw")
        .contains("the disk is full");
  }

  // ---- functions -------------------------------------------------------------------------------

  private PluginSwap functions(String previous, String next) throws Exception {
    return swap(
        jar(FunctionProvider.class, Functions.class, previous),
        jar(FunctionProvider.class, Functions.class, next));
  }

  @Test
  void goodFunctionsPass() throws Exception {
    functions("good", "good too").losesNoFunction();
  }

  @Test
  void lostFunctionIsNamed() throws Exception {
    PluginSwap swap = functions("good", "loses a function");
    assertThat(failure(swap::losesNoFunction))
        .contains("function lost: the new version has no double_of()");
    swap.mayLose("double_of").losesNoFunction();
  }

  // ---- what the author gets wrong --------------------------------------------------------------

  @Test
  void mistakesInTheTestAreExplained() throws Exception {
    assertThatThrownBy(() -> discovery("good", "good too").settings(Map.of()).losesNoTarget())
        .hasMessageContaining("key \"hosts\" is required");
    assertThatThrownBy(
            () -> discovery("good", "good too").settings(Map.of("host", "a")).losesNoTarget())
        .hasMessageContaining("key \"host\" is unknown; known keys: hosts");
    assertThatThrownBy(() -> exporter("good", "good too").losesNoTarget())
        .hasMessageContaining("must have one DiscoveryProvider")
        .hasMessageContaining("got 0");
  }
}
