package io.narthex.core.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.exposition.CollectedMetrics;
import io.narthex.exposition.ExpositionWriter;
import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.ConfigurableStorage;
import io.narthex.spi.storage.MeteredStorage;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageException;
import io.narthex.spi.storage.StorageProvider;
import io.narthex.spi.storage.StorageStats;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class StorageHostTest {
  private final List<String> events = new CopyOnWriteArrayList<>();
  private final StorageHost host =
      new StorageHost(Fakes.environment(), Path.of("data"), "tsdb", Fakes.yaml("name: one"));

  @AfterEach
  void close() {
    host.close();
  }

  /** Counts references up from its base and knows no others. */
  private class FakeStorage implements ConfigurableStorage<Fakes.Block> {
    final String version;
    final long base;
    long next;

    FakeStorage(String version, long base) {
      this.version = version;
      this.base = base;
    }

    @Override
    public long resolve(Labels labels) {
      return base + ++next;
    }

    @Override
    public AppendResult append(SampleBatch batch) {
      byte[] codes = new byte[batch.size()];
      boolean ok = true;
      for (int i = 0; i < codes.length; i++) {
        boolean known = batch.ref(i) > base && batch.ref(i) <= base + next;
        codes[i] = known ? AppendResult.OK : AppendResult.UNKNOWN_SERIES;
        ok &= known;
      }
      return ok ? AppendResult.ALL_OK : AppendResult.of(codes, 0);
    }

    @Override
    public SeriesCursor select(SelectRequest request) {
      throw new UnsupportedOperationException();
    }

    @Override
    public List<Labels> series(List<List<Matcher>> sets, long min, long max, int limit) {
      return List.of(Labels.of("version", version));
    }

    @Override
    public List<String> labelNames(List<List<Matcher>> sets, long min, long max, int limit) {
      return List.of();
    }

    @Override
    public List<String> labelValues(
        String name, List<List<Matcher>> sets, long min, long max, int limit) {
      return List.of();
    }

    @Override
    public List<SeriesExemplars> exemplars(List<List<Matcher>> sets, long min, long max) {
      return List.of();
    }

    @Override
    public StorageStats stats(int topN) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void reconfigure(Fakes.Block config) {
      events.add("reconfigured " + config.name());
    }

    @Override
    public void close() {
      events.add("closed " + version);
    }
  }

  private interface Opener {
    Storage open(StorageContext context);
  }

  private Provider provider(Opener opener) {
    return new Provider(
        Kind.STORAGE,
        "tsdb",
        "p",
        new StorageProvider<Fakes.Block>() {
          @Override
          public String type() {
            return "tsdb";
          }

          @Override
          public Class<Fakes.Block> configType() {
            return Fakes.Block.class;
          }

          @Override
          public Storage open(Fakes.Block config, StorageContext context) {
            return opener.open(context);
          }
        });
  }

  private Provider version(String version) {
    return provider(context -> {
      events.add("opened " + version);
      return new FakeStorage(version, context.referenceBase());
    });
  }

  private String series() {
    return host.series(List.of(), 0, 0, 0).get(0).get("version");
  }

  private static SampleBatch batch(long ref) {
    SampleBatch batch = new SampleBatch(1);
    batch.add(ref, 1, 1.0);
    return batch;
  }

  @Test
  void opensReplacesAndCloses() {
    assertThat(host.ready()).isFalse();
    host.changed(Kind.STORAGE, "tsdb", version("v1"));
    host.changed(Kind.STORAGE, "other", version("x"));
    assertThat(series()).isEqualTo("v1");
    host.changed(Kind.STORAGE, "tsdb", version("v2"));
    assertThat(series()).isEqualTo("v2");
    assertThat(events).containsExactly("opened v1", "closed v1", "opened v2");
  }

  @Test
  void callsOfAStorageThatWasTriedAndOpenedAreNoSampleTwice() {
    HostEnvironment environment = Fakes.environment();
    StorageHost tried = new StorageHost(environment, Path.of("d"), "tsdb", Fakes.yaml("name: x"));
    tried.probe(version("v1"));
    tried.changed(Kind.STORAGE, "tsdb", version("v1"));
    ExpositionWriter writer = new ExpositionWriter(ExpositionWriter.Format.TEXT_0_0_4);
    environment.guard().metrics().collect(writer);
    tried.close();
    String text = new String(writer.buffer(), 0, writer.length(), StandardCharsets.UTF_8);
    assertThat(
            text.lines()
                .filter(l -> !l.startsWith("#"))
                .map(l -> l.substring(0, l.lastIndexOf(' '))))
        .anyMatch(l -> l.contains("operation=\"open\""))
        .doesNotHaveDuplicates();
  }

  /** Reports metrics of its own. */
  private final class Metered extends FakeStorage implements MeteredStorage {
    final Consumer<MetricSink> collecting;

    Metered(long base, Consumer<MetricSink> collecting) {
      super("metered", base);
      this.collecting = collecting;
    }

    @Override
    public void collect(MetricSink sink) {
      collecting.accept(sink);
    }
  }

  @Test
  void metricsAreThoseThatTheStorageReports() {
    CollectedMetrics metrics = new CollectedMetrics(_ -> true);
    assertThatThrownBy(() -> host.collect(metrics)).isInstanceOf(StorageException.Closed.class);
    host.changed(Kind.STORAGE, "tsdb", version("v1"));
    assertThat(host.collect(metrics)).as("a storage built earlier").isFalse();
    assertThat(metrics.size()).isZero();
    List<MetricSink> kept = new ArrayList<>();
    Consumer<MetricSink> collecting =
        sink -> {
          kept.add(sink);
          sink.family(new MetricMetadata("acme_total", MetricType.COUNTER, "Acme.", ""));
          sink.sample("acme_total", Labels.EMPTY, 3);
        };
    host.changed(Kind.STORAGE, "tsdb", provider(c -> new Metered(c.referenceBase(), collecting)));
    assertThat(host.collect(metrics)).isTrue();
    long size = metrics.size();
    assertThat(size).isPositive();
    assertThatThrownBy(() -> kept.getFirst().sample("acme_total", Labels.EMPTY, 4))
        .isInstanceOf(IllegalStateException.class);
    assertThat(metrics.size()).isEqualTo(size);
  }

  @Test
  void samplesOutsideOfTheirFamilyAreAFaultOfTheStorage() {
    Consumer<MetricSink> collecting =
        sink -> {
          sink.family(new MetricMetadata("acme_total", MetricType.COUNTER, "Acme.", ""));
          try {
            sink.sample("other", Labels.EMPTY, 3);
          } catch (IllegalArgumentException _) {
            // it does not want to know
          }
        };
    host.changed(Kind.STORAGE, "tsdb", provider(c -> new Metered(c.referenceBase(), collecting)));
    assertThatThrownBy(() -> host.collect(new CollectedMetrics(_ -> true)))
        .hasMessageContaining("other");
  }

  @Test
  void referencesOfTheFormerStorageAreUnknown() {
    host.changed(Kind.STORAGE, "tsdb", version("v1"));
    long ref = host.resolve(Labels.EMPTY);
    assertThat(host.append(batch(ref)).allOk()).isTrue();
    host.changed(Kind.STORAGE, "tsdb", version("v2"));
    host.resolve(Labels.EMPTY);
    assertThat(host.append(batch(ref)).code(0)).isEqualTo(AppendResult.UNKNOWN_SERIES);
  }

  @Test
  void eachOpeningHasItsOwnNumber() {
    assertThat(host.epoch()).isZero();
    host.changed(Kind.STORAGE, "tsdb", version("v1"));
    long first = host.epoch();
    assertThat(first).isPositive();
    host.changed(Kind.STORAGE, "tsdb", version("v2"));
    assertThat(host.epoch()).isGreaterThan(first);
    host.changed(Kind.STORAGE, "tsdb", null);
    assertThat(host.epoch()).isZero();
  }

  /** Its exception is not one of the plugin, and a plugin that continues changes nothing. */
  @Test
  void seriesArePassedToTheCallerWhateverHeDoes() {
    List<Labels> passed = new ArrayList<>();
    host.changed(Kind.STORAGE, "tsdb", version("v1"));
    host.forEachSeries(List.of(), 0, 0, 0, passed::add);
    assertThat(passed).containsExactly(Labels.of("version", "v1"));
    Opener stubborn =
        context ->
            new FakeStorage("v2", context.referenceBase()) {
              @Override
              public void forEachSeries(
                  List<List<Matcher>> sets,
                  long min,
                  long max,
                  int limit,
                  Predicate<? super Labels> sink) {
                for (int i = 0; i < 3; i++) {
                  events.add("wants more: " + sink.test(Labels.EMPTY));
                }
              }
            };
    host.changed(Kind.STORAGE, "tsdb", provider(stubborn));
    events.clear();
    assertThatThrownBy(() ->
            host.forEachSeries(
                List.of(),
                0,
                0,
                0,
                labels -> {
                  passed.add(labels);
                  throw new IllegalStateException("of the caller");
                }))
        .hasMessage("of the caller");
    assertThat(passed).hasSize(2);
    assertThat(events)
        .containsExactly("wants more: false", "wants more: false", "wants more: false");
  }

  @Test
  void appendWaitsWhileTheNewStorageOpensAndReadsFailAtOnce() throws Exception {
    host.changed(Kind.STORAGE, "tsdb", version("v1"));
    CountDownLatch opening = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Thread swap =
        Thread.ofPlatform()
            .start(() ->
                host.changed(
                    Kind.STORAGE,
                    "tsdb",
                    provider(context -> {
                      opening.countDown();
                      try {
                        go.await();
                      } catch (InterruptedException e) {
                        throw new StorageException.Failed("interrupted");
                      }
                      return new FakeStorage("v2", context.referenceBase());
                    })));
    opening.await();
    assertThatThrownBy(this::series)
        .isInstanceOf(StorageException.Closed.class)
        .hasMessage("the storage is being replaced");
    assertThat(host.tryHold()).isFalse();
    assertThat(host.ready()).isFalse();
    assertThat(host.serving()).isTrue();
    FutureTask<Long> waiting = new FutureTask<>(() -> host.resolve(Labels.EMPTY));
    Thread waiter = Thread.ofPlatform().start(waiting);
    Fakes.eventually(() -> waiter.getState() == Thread.State.TIMED_WAITING);
    go.countDown();
    assertThat(waiting.get(10, TimeUnit.SECONDS)).isPositive();
    swap.join();
    assertThat(series()).isEqualTo("v2");
  }

  @Test
  void storageThatIsHeldIsNotReplaced() throws Exception {
    assertThat(host.tryHold()).isFalse();
    host.changed(Kind.STORAGE, "tsdb", version("v1"));
    assertThat(host.tryHold()).isTrue();
    Thread swap =
        Thread.ofPlatform().start(() -> host.changed(Kind.STORAGE, "tsdb", version("v2")));
    Fakes.eventually(() -> swap.getState() == Thread.State.TIMED_WAITING);
    assertThat(series()).as("a caller that holds it continues").isEqualTo("v1");
    assertThat(host.append(batch(host.resolve(Labels.EMPTY))).allOk()).isTrue();
    FutureTask<Boolean> other = new FutureTask<>(host::tryHold);
    Thread.ofPlatform().start(other);
    assertThat(other.get(10, TimeUnit.SECONDS)).as("others do not overtake").isFalse();
    host.release();
    swap.join();
    assertThat(series()).isEqualTo("v2");
    assertThat(host.serving()).isTrue();
  }

  @Test
  void formerStorageIsReopenedWhenTheNewOneFails() {
    host.changed(Kind.STORAGE, "tsdb", version("v1"));
    assertThatThrownBy(() ->
            host.changed(
                Kind.STORAGE,
                "tsdb",
                provider(context -> {
                  throw new StorageException.Corrupt("block 7 is damaged");
                })))
        .hasMessage(
            "the new storage did not open, the previous one runs again: block 7 is damaged");
    assertThat(series()).isEqualTo("v1");
    assertThat(host.problem()).isEmpty();
    assertThat(events).containsExactly("opened v1", "closed v1", "opened v1");
  }

  @Test
  void bothProblemsAreToldWhenNeitherOpens() {
    List<String> openings = new ArrayList<>();
    host.changed(
        Kind.STORAGE,
        "tsdb",
        provider(context -> {
          openings.add("");
          if (openings.size() > 1) {
            throw new StorageException.Failed("disk is full");
          }
          return new FakeStorage("v1", context.referenceBase());
        }));
    assertThatThrownBy(() ->
            host.changed(
                Kind.STORAGE,
                "tsdb",
                provider(context -> {
                  throw new StorageException.Corrupt("block 7 is damaged");
                })))
        .hasMessage(
            "neither the new storage opened (block 7 is damaged) nor the previous one again (disk is"
                + " full)");
    assertThat(host.ready()).isFalse();
    assertThat(host.serving()).isFalse();
  }

  @Test
  void storageThatFailsToCloseIsReplacedAllTheSame() {
    host.changed(
        Kind.STORAGE,
        "tsdb",
        provider(context ->
            new java.lang.reflect.InvocationHandler() {
              @Override
              public Object invoke(Object p, java.lang.reflect.Method m, Object[] args) {
                throw new IllegalStateException("cannot");
              }

              Storage storage() {
                return (Storage)
                    java.lang.reflect.Proxy.newProxyInstance(
                        Storage.class.getClassLoader(), new Class<?>[] {Storage.class}, this);
              }
            }.storage()));
    host.changed(Kind.STORAGE, "tsdb", version("v2"));
    assertThat(series()).isEqualTo("v2");
  }

  @Test
  void waitsForThePluginWhenItGoes() {
    assertThat(host.isWaiting()).isTrue();
    host.changed(Kind.STORAGE, "tsdb", version("v1"));
    assertThat(host.isWaiting()).isFalse();
    host.changed(Kind.STORAGE, "tsdb", null);
    assertThat(host.isWaiting()).isTrue();
    assertThat(host.problem()).isEqualTo("waiting for plugin `tsdb`");
    assertThat(events).containsExactly("opened v1", "closed v1");
  }

  @Test
  void appendEndsWhenTheServerStops() throws Exception {
    FutureTask<Long> waiting = new FutureTask<>(() -> host.resolve(Labels.EMPTY));
    Thread waiter = Thread.ofPlatform().start(waiting);
    Fakes.eventually(() -> waiter.getState() == Thread.State.TIMED_WAITING);
    host.close();
    assertThatThrownBy(() -> waiting.get(10, TimeUnit.SECONDS))
        .hasRootCauseInstanceOf(StorageException.Closed.class);
  }

  @Test
  void changedSettingsReachTheStorageAndUnusableOnesDoNot() {
    host.changed(Kind.STORAGE, "tsdb", version("v1"));
    host.configure(Fakes.yaml("name: one"));
    assertThat(events).containsExactly("opened v1");
    host.configure(Fakes.yaml("name: two"));
    assertThat(events).containsExactly("opened v1", "reconfigured two");
    assertThatThrownBy(() -> host.configure(Fakes.yaml("nam: three")))
        .hasMessageContaining("field nam not found");
    assertThatThrownBy(() -> host.configure(Fakes.yaml("nam: three")))
        .hasMessageContaining("field nam not found");
  }

  @Test
  @Timeout(60)
  void twoDetachmentsAtOnceLeaveNoLockBehind() throws Exception {
    StorageHost two = storage(version("1"));
    assertThat(two.tryHold()).isTrue(); // so that both wait
    Thread gone = Thread.ofPlatform().start(() -> two.changed(Kind.STORAGE, "tsdb", null));
    Fakes.eventually(() -> waits(gone)); // a host that is closed takes no change
    Thread stop = Thread.ofPlatform().start(two::close);
    Fakes.eventually(() -> waits(stop));
    two.release();
    gone.join();
    stop.join();
    assertThat(two.tryHold()).isFalse();
    Thread reader = Thread.ofPlatform().start(() -> two.labelNames(List.of(), 0, 1, 0));
    reader.join();
    assertThat(events).containsOnlyOnce("closed 1");
  }

  private static boolean waits(Thread thread) {
    return thread.getState() == Thread.State.TIMED_WAITING;
  }

  @Test
  @Timeout(60)
  void settingsThatComeWhileAStorageOpensAreTakenByIt() throws Exception {
    CountDownLatch opening = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    StorageHost late =
        new StorageHost(Fakes.environment(), Path.of("."), "tsdb", Fakes.yaml("name: old"));
    Provider slow =
        provider(context -> {
          opening.countDown();
          try {
            goOn.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return new FakeStorage("1", context.referenceBase());
        });
    Thread start = Thread.ofPlatform().start(() -> late.changed(Kind.STORAGE, "tsdb", slow));
    opening.await();
    late.configure(Fakes.yaml("name: new"));
    goOn.countDown();
    start.join();
    assertThat(events).contains("reconfigured new");
    late.close();
  }

  private static StorageHost storage(Provider provider) {
    StorageHost made =
        new StorageHost(Fakes.environment(), Path.of("."), "tsdb", Fakes.yaml("name: a"));
    made.changed(Kind.STORAGE, "tsdb", provider);
    return made;
  }

  @Test
  @Timeout(30)
  void storageThatHangsWhileItOpensGivesWayToTheFormerAndIsClosedWhenItComesLate() {
    Duration time = Duration.ofMillis(500);
    StorageHost impatient =
        new StorageHost(
            Fakes.environment(Map.of(Operation.STORAGE_OPEN, time)),
            Path.of("d"),
            "tsdb",
            Fakes.yaml("name: x"));
    CountDownLatch go = new CountDownLatch(1);
    try {
      impatient.changed(Kind.STORAGE, "tsdb", version("v1"));
      Provider hanging =
          provider(context -> {
            while (go.getCount() > 0) {
              LockSupport.parkNanos(1_000_000);
              Thread.interrupted();
            }
            return new FakeStorage("v2", context.referenceBase());
          });
      assertThatThrownBy(() -> impatient.changed(Kind.STORAGE, "tsdb", hanging))
          .hasMessage(
              "the new storage did not open, the previous one runs again: storage tsdb has shown no"
                  + " progress for 0.5 s");
      assertThat(impatient.series(List.of(), 0, 0, 0)).containsExactly(Labels.of("version", "v1"));
      go.countDown();
      Fakes.eventually(() -> events.contains("closed v2"));
    } finally {
      go.countDown();
      impatient.close();
    }
  }

  @Test
  @Timeout(30)
  void storageThatShowsProgressMayTakeItsTimeToOpen() {
    StorageHost impatient =
        new StorageHost(
            Fakes.environment(Map.of(Operation.STORAGE_OPEN, Duration.ofSeconds(2))),
            Path.of("d"),
            "tsdb",
            Fakes.yaml("name: x"));
    try {
      impatient.changed(
          Kind.STORAGE,
          "tsdb",
          provider(context -> {
            long begin = System.nanoTime();
            for (long took = 0; took < 3_000_000_000L; took = System.nanoTime() - begin) {
              context.replayProgress(took / 3e9);
              LockSupport.parkNanos(10_000_000);
            }
            return new FakeStorage("v1", context.referenceBase());
          }));
      assertThat(impatient.ready()).isTrue();
    } finally {
      impatient.close();
    }
  }

  @Test
  @Timeout(30)
  void storageThatHangsWhileItClosesHoldsUpTheNextForItsTimeOnly() {
    StorageHost impatient =
        new StorageHost(
            Fakes.environment(Map.of(Operation.STORAGE_CLOSE, Duration.ofMillis(100))),
            Path.of("d"),
            "tsdb",
            Fakes.yaml("name: x"));
    CountDownLatch go = new CountDownLatch(1);
    try {
      impatient.changed(
          Kind.STORAGE,
          "tsdb",
          provider(context ->
              new FakeStorage("v1", context.referenceBase()) {
                @Override
                public void close() {
                  while (go.getCount() > 0) {
                    LockSupport.parkNanos(1_000_000);
                    Thread.interrupted();
                  }
                }
              }));
      impatient.changed(Kind.STORAGE, "tsdb", version("v2"));
      assertThat(impatient.series(List.of(), 0, 0, 0)).containsExactly(Labels.of("version", "v2"));
    } finally {
      go.countDown();
      impatient.close();
    }
  }

  /** A storage whose metadata takes until a latch opens. */
  private Provider slow(CountDownLatch inside, CountDownLatch go) {
    return provider(context ->
        new FakeStorage("v1", context.referenceBase()) {
          @Override
          public List<String> labelNames(List<List<Matcher>> sets, long min, long max, int limit) {
            inside.countDown();
            while (go.getCount() > 0) {
              LockSupport.parkNanos(1_000_000);
            }
            return List.of("a");
          }
        });
  }

  @Test
  @Timeout(30)
  void readsFailAtOnceWhileAReplacementWaitsForOneThatIsSlow() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    try {
      host.changed(Kind.STORAGE, "tsdb", slow(inside, go));
      Thread reader =
          Thread.ofPlatform().name("reader").start(() -> host.labelNames(List.of(), 0, 0, 0));
      inside.await();
      Thread change =
          Thread.ofPlatform()
              .name("change")
              .start(() -> host.changed(Kind.STORAGE, "tsdb", version("v2")));
      Fakes.eventually(() -> change.getState() == Thread.State.TIMED_WAITING);
      long begin = System.nanoTime();
      assertThatThrownBy(this::series)
          .isInstanceOf(StorageException.Closed.class)
          .hasMessage("the storage is being replaced");
      assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(5));
      go.countDown();
      reader.join();
      change.join();
      assertThat(series()).isEqualTo("v2");
    } finally {
      go.countDown();
    }
  }

  @Test
  @Timeout(30)
  void capabilityOfAStorageThatWasReplacedIsClosed() {
    host.changed(Kind.STORAGE, "tsdb", version("v1"));
    @SuppressWarnings("unchecked")
    ConfigurableStorage<Fakes.Block> previous =
        (ConfigurableStorage<Fakes.Block>)
            Objects.requireNonNull(host.capability(ConfigurableStorage.class));
    previous.reconfigure(new Fakes.Block("x"));
    host.changed(Kind.STORAGE, "tsdb", version("v2"));
    assertThatThrownBy(() -> previous.reconfigure(new Fakes.Block("y")))
        .isInstanceOf(StorageException.Closed.class);
    assertThat(events).contains("reconfigured x").doesNotContain("reconfigured y");
    host.changed(Kind.STORAGE, "tsdb", version("v3")); // no lock is left behind
    assertThat(series()).isEqualTo("v3");
  }

  @Test
  @Timeout(30)
  void endOfTheServerClosesTheStorageThoughACallIsInside() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    try {
      host.changed(Kind.STORAGE, "tsdb", slow(inside, go));
      Thread reader =
          Thread.ofPlatform().name("reader").start(() -> host.labelNames(List.of(), 0, 0, 0));
      inside.await();
      host.close();
      assertThat(events).containsExactly("closed v1");
      go.countDown();
      reader.join();
    } finally {
      go.countDown();
    }
  }
}
