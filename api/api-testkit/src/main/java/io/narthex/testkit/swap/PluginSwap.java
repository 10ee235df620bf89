package io.narthex.testkit.swap;

import io.narthex.spi.notifier.Notification;
import io.narthex.testkit.notifier.HttpStandIn;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Asserts that a plugin can be replaced while it works: that nothing is lost, and that nothing of
 * the previous version is left behind.
 *
 * <p>Both versions are loaded by their own class loaders, which see what a plugin sees in the
 * server. The previous version works, the new one is opened alongside it and takes over as its kind
 * prescribes, the previous one ends; then the new one ends too. After that no thread, MBean or
 * class loader of either may be left; caches with soft references do not count, they are cleared
 * first. A failure lists all findings.
 *
 * <pre>{@code
 * swap(oldJar, newJar).settings(Map.of("hosts", List.of("db1:9100"))).losesNoTarget();
 * swap(AcmeNotifierProvider.class)
 *     .settings(Map.of("url", peer.url("/").toString()))
 *     .losesNoNotification(peer);
 * }</pre>
 *
 * <p>Confined to one thread. Tests that swap must not run at the same time as others in the JVM.
 */
public final class PluginSwap {
  private final Path previous;
  private final Path next;
  private final List<Path> libraries = new ArrayList<>();
  private final Set<String> mayGo = new HashSet<>();
  private Map<String, ?> settings = Map.of();
  private Map<String, ?> globals = Map.of();
  private Duration patience = Duration.ofSeconds(10);
  private Duration drain = Duration.ofSeconds(10);
  private Function<Notification, String> mark = n -> n.alerts().get(0).alert().labels().get("id");

  private PluginSwap(Path previous, Path next) {
    this.previous = previous;
    this.next = next;
  }

  /**
   * Starts the replacement of one version by another.
   *
   * @param previous jar of the version that works first, or a folder with the content of a jar
   * @param next jar of the version that takes over; may be the same
   */
  public static PluginSwap swap(Path previous, Path next) {
    return new PluginSwap(previous, next);
  }

  /**
   * Starts the replacement of the plugin under test by itself.
   *
   * @param provider its provider; the jar or folder that contains this class is the plugin
   */
  public static PluginSwap swap(Class<?> provider) {
    try {
      Path location = Path.of(provider.getProtectionDomain().getCodeSource().getLocation().toURI());
      return swap(location, location);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /**
   * Sets the keys and values of the configuration block, as in YAML: strings, numbers, booleans,
   * lists, maps.
   */
  public PluginSwap settings(Map<String, ?> values) {
    settings = Map.copyOf(values);
    return this;
  }

  /** Sets a notifier's own keys in {@code global:}. */
  public PluginSwap globals(Map<String, ?> values) {
    globals = Map.copyOf(values);
    return this;
  }

  /** Adds a library that the packed plugin contains and its folder of classes does not. */
  public PluginSwap library(Path jarOrFolder) {
    libraries.add(jarOrFolder);
    return this;
  }

  /** Sets the longest wait; the default is 10 s. */
  public PluginSwap patience(Duration atMost) {
    patience = atMost;
    return this;
  }

  /**
   * Sets how long running calls of the previous version may take; the default is 10 s. The server
   * allows sends 30 s, collections 10 s, discoveries 5 s.
   */
  public PluginSwap drain(Duration atMost) {
    drain = atMost;
    return this;
  }

  /**
   * Names what the new version omits on purpose: addresses of targets, names of metrics or
   * functions.
   */
  public PluginSwap mayLose(String... names) {
    mayGo.addAll(List.of(names));
    return this;
  }

  /**
   * Sets how a message at the receiving side is identified: by a string in it that differs for each
   * notification. The default is the label {@code id} of the only alert, {@code swap-0007}.
   */
  public PluginSwap identifiedBy(Function<Notification, String> text) {
    mark = text;
    return this;
  }

  // ---- assertions ------------------------------------------------------------------------------

  /**
   * Asserts that a discovery keeps its targets: the first update of the new version has all of
   * them.
   */
  public void losesNoTarget() {
    run(new DiscoverySwap(this));
  }

  /** Asserts that an exporter's scrapes continue without a failure and with the same metrics. */
  public void losesNoScrape() {
    run(new ExporterSwap(this));
  }

  /**
   * Asserts that each notification arrives exactly once, including those in flight during the swap.
   *
   * @param peer the receiving side; it is made slow
   */
  public void losesNoNotification(HttpStandIn peer) {
    peer.delay(Duration.ofMillis(100));
    losesNoNotification(
        () -> peer.received().stream().map(r -> r.path() + "\n" + r.body()).toList());
  }

  /**
   * Asserts that each notification arrives exactly once, including those in flight during the swap.
   *
   * @param messages what the receiving side has accepted so far; it should take some time for each
   */
  public void losesNoNotification(Supplier<List<String>> messages) {
    run(new NotifierSwap(this, messages, mark));
  }

  /**
   * Asserts that every sample a storage has accepted can be read after the swap.
   *
   * @param persistent whether samples survive its end; if not, only those that it accepted after
   *     the swap count
   */
  public void losesNoSample(boolean persistent) {
    run(new StorageSwap(this, persistent));
  }

  /** Asserts that a set of functions keeps its functions, and that running calls can finish. */
  public void losesNoFunction() {
    run(new FunctionSwap(this));
  }

  // ---- for the kinds ---------------------------------------------------------------------------

  Map<String, ?> settings() {
    return settings;
  }

  Map<String, ?> globals() {
    return globals;
  }

  Duration patience() {
    return patience;
  }

  Duration drain() {
    return drain;
  }

  boolean mayGo(String name) {
    return mayGo.contains(name);
  }

  /** Swaps one kind of plugin. */
  interface Kind {
    /**
     * Lets the previous version work, swaps, ends both.
     *
     * @param folder empty, for this swap only
     * @param findings receives what went wrong
     */
    void swap(PluginVersion previous, PluginVersion next, Path folder, Findings findings)
        throws Exception;
  }

  private void run(Kind kind) {
    Findings findings = new Findings();
    try {
      Path folder = Files.createTempDirectory("swap");
      try {
        Leftovers leftovers = new Leftovers();
        List<Leftovers.Gone> gone = onItsOwnThread(kind, folder, findings);
        leftovers.find(gone, patience).forEach(findings::add);
      } finally {
        delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
    if (!findings.all().isEmpty()) {
      StringBuilder message =
          new StringBuilder("swap of ")
              .append(previous.getFileName())
              .append(next.equals(previous) ? " by itself" : " by " + next.getFileName())
              .append(":");
      findings.all().forEach(f -> message.append("\n - ").append(f));
      throw new AssertionError(message.toString());
    }
  }

  /**
   * Swaps on a thread that ends, so that no frame of this one holds an object of the plugin. An
   * exception is converted to a string, since it would hold the plugin's classes.
   */
  private List<Leftovers.Gone> onItsOwnThread(Kind kind, Path folder, Findings findings)
      throws InterruptedException {
    List<Leftovers.Gone> gone = new ArrayList<>();
    AtomicReference<@Nullable String> failure = new AtomicReference<>();
    Thread thread =
        new Thread(
            () -> {
              Path nested = folder.resolve("lib");
              try (PluginVersion a =
                      new PluginVersion("previous version", previous, libraries, nested);
                  PluginVersion b = new PluginVersion("new version", next, libraries, nested)) {
                gone.add(Leftovers.Gone.of(a));
                gone.add(Leftovers.Gone.of(b));
                kind.swap(a, b, Files.createDirectories(folder.resolve("data")), findings);
              } catch (Exception | LinkageError | AssertionError e) {
                failure.set(describe(e));
              }
            },
            "swap");
    thread.start();
    thread.join();
    String text = failure.get();
    if (text != null) {
      findings.add(text);
    }
    return gone;
  }

  /** Describes an exception for a report, with the position at which it was thrown. */
  static String describe(Throwable e) {
    StackTraceElement[] trace = e.getStackTrace();
    return e + (trace.length == 0 ? "" : ", thrown at " + trace[0]);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
