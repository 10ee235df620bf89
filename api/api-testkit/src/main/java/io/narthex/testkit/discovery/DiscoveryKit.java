package io.narthex.testkit.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.TestPluginContext;
import io.narthex.testkit.notifier.PlainHttp;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests for every discovery. Extend it and implement how to open the discovery and what it finds.
 */
public abstract class DiscoveryKit {
  /** How long the kit waits for something to happen. */
  protected static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Folder of the test; relative paths in the configuration are relative to it. */
  @TempDir protected Path directory;

  /** Clock of the discovery. */
  protected final FakeClock clock = new FakeClock(1_700_000_000_000L);

  /** For JUnit. */
  @SuppressWarnings({"NullAway", "this-escape"})
  protected DiscoveryKit() {}

  /** Opens the discovery under test. */
  protected abstract Discovery open(PluginContext context);

  /** Returns the groups it finds, in any order. */
  protected abstract List<TargetGroup> expected();

  /** Returns the context the discovery gets. */
  protected PluginContext context() {
    return new TestPluginContext(directory, clock, new PlainHttp());
  }

  /** A discovery that runs on a thread of its own. */
  protected final class Running implements AutoCloseable {
    /** What it has published. */
    public final RecordingSink sink = new RecordingSink();

    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Thread thread;

    /** Starts it. */
    public Running(Discovery discovery) {
      thread =
          new Thread(
              () -> {
                try {
                  discovery.run(sink);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt(); // the expected end
                } catch (RuntimeException | Error e) {
                  failure.set(e);
                }
              },
              "discovery under test");
      thread.setDaemon(true);
      thread.start();
    }

    /** Interrupts it and expects that it ends soon and without another exception. */
    @Override
    public void close() throws InterruptedException {
      thread.interrupt();
      thread.join(PATIENCE.toMillis());
      assertThat(thread.isAlive()).as("continues though interrupted").isFalse();
      assertThat(failure.get()).isNull();
    }
  }

  @Test
  final void handsAllGroupsOverAtFirst() throws InterruptedException {
    try (Running running = new Running(open(context()))) {
      running.sink.await("first targets", PATIENCE, () -> running.sink.updates() > 0);
      assertThat(running.sink.groups()).containsExactlyInAnyOrderElementsOf(expected());
      assertThat(running.sink.failures()).isEmpty();
    }
  }

  @Test
  final void probeListsWhatARunFinds() throws Exception {
    open(context())
        .probe()
        .ifPresent(groups -> assertThat(groups).isNotEmpty().isSubsetOf(expected()));
  }

  @Test
  final void canRunAgain() throws InterruptedException {
    Discovery discovery = open(context());
    for (int i = 0; i < 2; i++) {
      try (Running running = new Running(discovery)) {
        running.sink.await("targets", PATIENCE, () -> running.sink.updates() > 0);
        assertThat(running.sink.groups()).containsExactlyInAnyOrderElementsOf(expected());
      }
    }
  }

  @Test
  final void givesEverySourceOnce() throws InterruptedException {
    try (Running running = new Running(open(context()))) {
      running.sink.await("first targets", PATIENCE, () -> running.sink.updates() > 0);
      assertThat(running.sink.groups().stream().map(TargetGroup::source)).doesNotHaveDuplicates();
      for (TargetGroup g : running.sink.groups()) {
        assertThat(g.targets()).allSatisfy(t -> assertThat(t).containsKey(TargetGroup.ADDRESS));
      }
    }
  }
}
