package io.narthex.testkit.notifier;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Alert;
import io.narthex.model.Labels;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notification.NotifiedAlert;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.TestPluginContext;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests for every notifier. Extend it and implement the receiving side. */
public abstract class NotifierKit {
  /** How long the kit waits for something to happen. */
  protected static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Start of the kit's alerts. */
  protected static final Instant STARTED = Instant.parse("2026-01-02T03:04:05.678Z");

  /** Folder of the test; relative paths in the configuration are relative to it. */
  @TempDir protected Path directory;

  /** Clock of the notifier. */
  protected final FakeClock clock = new FakeClock(STARTED.toEpochMilli());

  private final PlainHttp http = new PlainHttp();

  /** Behaviour of the receiving side. */
  protected enum Peer {
    /** Accepts everything. */
    ACCEPTS,
    /** Responds that it is temporarily unavailable. */
    FAILS_FOR_NOW,
    /** Does not respond. */
    HANGS
  }

  /** For JUnit. */
  @SuppressWarnings({"NullAway", "this-escape"})
  protected NotifierKit() {}

  /** Opens the notifier under test, configured for the peer. */
  protected abstract Notifier open(PluginContext context);

  /** Sets the behaviour of the receiving side from now on. */
  protected abstract void peer(Peer behaviour);

  /** Returns how many notifications the receiving side has accepted or refused. */
  protected abstract int received();

  /** Returns the context the notifier gets. */
  protected PluginContext context() {
    return new TestPluginContext(directory, clock, http);
  }

  /** Returns a firing alert. */
  protected static NotifiedAlert firing(String name) {
    return new NotifiedAlert(
        new Alert(
            Labels.of("alertname", name, "job", "node"),
            Labels.of("summary", name + " <is> up"),
            STARTED,
            STARTED.plusSeconds(3600),
            "http://p/graph?g0.expr=up"),
        true,
        "a1b2c3d4e5f60718");
  }

  /** Returns a resolved alert. */
  protected static NotifiedAlert resolved(String name) {
    return new NotifiedAlert(
        new Alert(
            Labels.of("alertname", name, "job", "node"),
            Labels.EMPTY,
            STARTED,
            STARTED.plusSeconds(60),
            ""),
        false,
        "00000000000000ff");
  }

  /** Returns a notification of these alerts. */
  protected Notification notification(NotifiedAlert... alerts) {
    return new Notification(
        "team.x",
        "{}/{team=\"x\"}:{alertname=\"A\"}",
        "0123456789abcdef",
        "first notification",
        Labels.of("alertname", "A"),
        Labels.EMPTY,
        List.of(alerts),
        0,
        "http://am:9093",
        new StubTemplates(Map.of(".Status", "firing")));
  }

  /** An accepting peer gets it once. */
  @Test
  protected void deliversToAWillingPeer() throws Exception {
    peer(Peer.ACCEPTS);
    try (Notifier notifier = open(context())) {
      assertThat(notifier.send(notification(firing("A")))).isEqualTo(SendResult.delivered());
      assertThat(received()).isEqualTo(1);
    }
  }

  /** One notifier is used by several threads. */
  @Test
  protected void deliversFromSeveralThreads() throws Exception {
    peer(Peer.ACCEPTS);
    List<AtomicReference<@Nullable SendResult>> results = new ArrayList<>();
    try (Notifier notifier = open(context())) {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        AtomicReference<@Nullable SendResult> result = new AtomicReference<>();
        results.add(result);
        threads.add(sending(notifier, result));
      }
      for (Thread t : threads) {
        t.join(PATIENCE.toMillis());
      }
    }
    for (AtomicReference<@Nullable SendResult> r : results) {
      assertThat(r.get()).isEqualTo(SendResult.delivered());
    }
    assertThat(received()).isEqualTo(4);
  }

  private Thread sending(Notifier notifier, AtomicReference<@Nullable SendResult> result) {
    Thread thread =
        new Thread(
            () -> {
              try {
                result.set(notifier.send(notification(firing("A"))));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "sender under test");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /** A temporarily unavailable peer makes the host retry, with a reason. */
  @Test
  protected void asksForAnotherAttemptWhenThePeerCannotNow() throws Exception {
    peer(Peer.FAILS_FOR_NOW);
    try (Notifier notifier = open(context())) {
      SendResult result = notifier.send(notification(firing("A")));
      assertThat(result).isInstanceOf(SendResult.RetryLater.class);
      assertThat(((SendResult.RetryLater) result).reason()).isNotBlank();
      peer(Peer.ACCEPTS);
      assertThat(notifier.send(notification(firing("A")))).isEqualTo(SendResult.delivered());
    }
  }

  /** An interrupt soon ends a waiting send. */
  @Test
  protected void endsWhenInterrupted() throws Exception {
    peer(Peer.HANGS);
    try (Notifier notifier = open(context())) {
      AtomicReference<@Nullable SendResult> result = new AtomicReference<>();
      Thread thread = sending(notifier, result);
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (received() == 0 && System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      thread.interrupt();
      thread.join(PATIENCE.toMillis());
      assertThat(thread.isAlive()).as("continues though interrupted").isFalse();
      assertThat(result.get()).isNotEqualTo(SendResult.delivered());
    }
  }

  /**
   * A notifier opens without I/O, so that a dead peer never breaks a start; closing twice is fine.
   */
  @Test
  protected void opensWithoutThePeerAndClosesTwice() {
    peer(Peer.HANGS);
    Notifier notifier = open(context());
    assertThat(received()).isZero();
    notifier.close();
    notifier.close();
  }
}
