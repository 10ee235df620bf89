package io.narthex.core.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.model.Labels;
import io.narthex.service.plugins.PluginHealth;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.StorageException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class StorageCallsTest {
  private final PluginGuard guard = new PluginGuard();
  private final StorageCalls calls =
      new StorageCalls(guard, new Provider(Kind.STORAGE, "x", "p", new Object()));

  private PluginHealth.Calls stats(String operation) {
    return guard.metrics().calls("p").stream()
        .filter(c -> c.operation().equals(operation))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void errorsBecomeExceptionsThatCallersKnow() {
    assertThatThrownBy(() ->
            calls.append(() -> {
              throw new NoClassDefFoundError("gone");
            }))
        .isInstanceOf(StorageException.Failed.class)
        .hasMessage("storage `x` failed: java.lang.NoClassDefFoundError: gone");
    assertThatThrownBy(() ->
            calls.append(() -> {
              throw new OutOfMemoryError("Required array size too large");
            }))
        .isInstanceOf(StorageException.Failed.class);
    assertThatThrownBy(() ->
            calls.append(() -> {
              throw new StorageException.Closed("being replaced");
            }))
        .isInstanceOf(StorageException.Closed.class);
    assertThat(stats("append").calls()).isEqualTo(3);
    assertThat(stats("append").exceptions()).as("a closed storage is no fault").isEqualTo(2);
    assertThat(stats("append").inFlight()).isZero();
  }

  @Test
  void aSelectThatEndsForAReaderThatWaitsNoLongerIsNoFault() {
    for (boolean left : new boolean[] {true, false}) {
      assertThatThrownBy(() ->
              calls.select(
                  () -> left,
                  () -> {
                    throw new StorageException.Failed("ended");
                  }))
          .isInstanceOf(StorageException.Failed.class);
    }
    assertThat(stats("select").exceptions()).isEqualTo(1);
  }

  @Test
  void cursorIsInFlightUntilItIsClosedAndContained() {
    SeriesCursor cursor =
        calls.select(() ->
            new SeriesCursor() {
              @Override
              public boolean nextSeries() {
                return true;
              }

              @Override
              public Labels labels() {
                return Labels.EMPTY;
              }

              @Override
              public boolean nextTile(SampleTile tile) {
                throw new AssertionError("broken block");
              }

              @Override
              public void close() {}
            });
    assertThat(cursor.nextSeries()).isTrue();
    assertThat(stats("cursor").inFlight()).isEqualTo(1);
    assertThatThrownBy(() -> cursor.nextTile(new SampleTile(8)))
        .isInstanceOf(StorageException.Failed.class)
        .hasMessageContaining("broken block");
    cursor.close();
    cursor.close();
    assertThat(stats("cursor").inFlight()).isZero();
    assertThat(stats("cursor").exceptions()).isEqualTo(1);
    assertThat(stats("select").calls()).isEqualTo(1);
  }

  private static final Duration SHORT = Duration.ofMillis(250);

  private static PluginGuard impatient() {
    Map<Operation, Duration> deadlines = new EnumMap<>(Operation.class);
    Operation.ofStorages().forEach(o -> deadlines.put(o, SHORT));
    return Fakes.environment(deadlines).guard();
  }

  private static <T> T await(CountDownLatch latch, T result) {
    try {
      latch.await();
      return result;
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted", e);
    }
  }

  @Test
  @Timeout(30)
  void overdueCallIsInterruptedAndItsCallerIsNot() {
    PluginGuard guard = impatient();
    Provider plugin = new Provider(Kind.STORAGE, "x", "p", new Object());
    try (StorageCalls calls = new StorageCalls(guard, plugin)) {
      assertThatThrownBy(() -> calls.append(() -> await(new CountDownLatch(1), "never")))
          .isInstanceOf(StorageException.Failed.class)
          .hasMessage("storage `x` did not come back from append within 0.25 s");
      assertThat(Thread.currentThread().isInterrupted()).isFalse();
      assertThat(calls.problem()).isEmpty();
      assertThat(calls.<String>append(() -> "works")).isEqualTo("works");
    }
    PluginHealth.Calls append = guard.metrics().calls("p").get(1);
    assertThat(append.operation()).isEqualTo("append");
    assertThat(append.timeouts()).isEqualTo(1);
    assertThat(append.exceptions()).isZero();
  }

  @Test
  @Timeout(30)
  void callsThatIgnoreTheInterruptionKeepOthersOut() throws Exception {
    PluginGuard guard = impatient();
    CountDownLatch go = new CountDownLatch(1);
    List<Thread> callers = new ArrayList<>();
    AtomicInteger came = new AtomicInteger();
    try (StorageCalls calls =
        new StorageCalls(guard, new Provider(Kind.STORAGE, "x", "p", new Object()))) {
      for (int i = 0; i < CallWatch.MAX_OVERDUE; i++) {
        callers.add(
            Thread.ofVirtual()
                .start(() ->
                    came.addAndGet(
                        calls.metadata(() -> {
                          while (go.getCount() > 0) {
                            LockSupport.parkNanos(1_000_000);
                            Thread.interrupted();
                          }
                          return 1;
                        }))));
      }
      Fakes.eventually(() ->
          calls.problem().startsWith("8 calls have not come back in time; storage `x`: metadata"));
      assertThatThrownBy(() -> calls.append(() -> "never called"))
          .isInstanceOf(StorageException.Failed.class)
          .hasMessageContaining("has 8 calls that do not come back");
      go.countDown();
      for (Thread caller : callers) {
        caller.join();
      }
      assertThat(calls.problem()).isEmpty();
      assertThat(calls.<String>append(() -> "works")).isEqualTo("works");
    }
    assertThat(came).hasValue(CallWatch.MAX_OVERDUE); // late, and taken
  }

  @Test
  @Timeout(30)
  void stepOfACursorHasItsTimeAndTheCursorHasNot() {
    CountDownLatch never = new CountDownLatch(1);
    AtomicInteger steps = new AtomicInteger();
    try (StorageCalls calls =
            new StorageCalls(impatient(), new Provider(Kind.STORAGE, "x", "p", new Object()));
        SeriesCursor cursor =
            calls.select(() ->
                new SeriesCursor() {
                  @Override
                  public boolean nextSeries() {
                    return steps.incrementAndGet() < 100 || await(never, true);
                  }

                  @Override
                  public Labels labels() {
                    return Labels.EMPTY;
                  }

                  @Override
                  public boolean nextTile(SampleTile tile) {
                    return false;
                  }

                  @Override
                  public void close() {}
                })) {
      long end = System.nanoTime() + 3 * SHORT.toNanos();
      while (System.nanoTime() < end || steps.get() < 99) {
        if (steps.get() < 99) {
          assertThat(cursor.nextSeries()).isTrue();
        }
      }
      assertThatThrownBy(cursor::nextSeries)
          .isInstanceOf(StorageException.Failed.class)
          .hasMessage("storage `x` did not come back from cursor within 0.25 s");
    }
  }
}
