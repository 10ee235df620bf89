package io.narthex.testkit.swap;

import io.narthex.model.Alert;
import io.narthex.model.Labels;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notification.NotifiedAlert;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.notifier.SendResult;
import io.narthex.testkit.notifier.StubTemplates;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Simulates the server's queue: several threads send, and retries have the same key. At the swap
 * new sends go to the new version immediately, the previous one finishes its running sends and is
 * closed.
 */
final class NotifierSwap implements PluginSwap.Kind {
  private static final int NOTIFICATIONS = 24;
  private static final int SENDERS = 4;
  private static final int BEFORE_SWAP = 6;
  private static final long RETRY_PAUSE_MS = 50;
  private static final Duration LATENESS = Duration.ofSeconds(1);

  private final PluginSwap swap;
  private final Supplier<List<String>> messages;
  private final Function<Notification, String> mark;

  NotifierSwap(
      PluginSwap swap, Supplier<List<String>> messages, Function<Notification, String> mark) {
    this.swap = swap;
    this.messages = messages;
    this.mark = mark;
  }

  /** An opened notifier and the sends that are in it. */
  private static final class Slot {
    final PluginVersion version;
    final Notifier notifier;
    final Set<Thread> senders = ConcurrentHashMap.newKeySet();
    int inFlight; // guarded by this

    Slot(PluginVersion version, Notifier notifier) {
      this.version = version;
      this.notifier = notifier;
    }

    synchronized void enter() {
      inFlight++;
      senders.add(Thread.currentThread());
    }

    synchronized void leave() {
      inFlight--;
      senders.remove(Thread.currentThread());
      notifyAll();
    }

    synchronized int awaitIdle(long patienceMs) throws InterruptedException {
      long deadline = System.nanoTime() + patienceMs * 1_000_000;
      while (inFlight > 0 && System.nanoTime() - deadline < 0) {
        wait(50);
      }
      return inFlight;
    }
  }

  /** The server's queue and the threads that send from it. */
  private final class Queue {
    private final BlockingQueue<Notification> waiting = new LinkedBlockingQueue<>();
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();
    private final Object switching = new Object();
    private final List<Thread> threads = new ArrayList<>();
    private final Findings findings;
    private volatile Slot slot;

    Queue(Slot slot, List<Notification> notifications, Findings findings) {
      this.slot = slot;
      this.findings = findings;
      open.set(notifications.size());
      waiting.addAll(notifications);
      for (int i = 0; i < SENDERS; i++) {
        Thread thread = new Thread(this::go, "sender " + i);
        thread.setDaemon(true);
        thread.start();
        threads.add(thread);
      }
    }

    private void go() {
      try {
        while (open.get() > 0) {
          Notification n = waiting.poll(RETRY_PAUSE_MS, java.util.concurrent.TimeUnit.MILLISECONDS);
          if (n != null) {
            send(n);
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // given up
      }
    }

    private void send(Notification n) throws InterruptedException {
      Slot mine;
      synchronized (switching) {
        mine = slot;
        mine.enter();
      }
      begun.incrementAndGet();
      SendResult result;
      try {
        result = mine.version.call(() -> mine.notifier.send(n));
      } catch (InterruptedException e) {
        result = SendResult.retryLater("interrupted");
      } catch (Exception | LinkageError e) {
        findings.add("send() of the " + mine.version.label() + " threw " + PluginSwap.describe(e));
        result = SendResult.retryLater("threw");
      } finally {
        mine.leave();
      }
      if (result instanceof SendResult.RetryLater) {
        Thread.sleep(RETRY_PAUSE_MS); // as a server does before it tries again
        waiting.add(n);
        return;
      }
      if (result instanceof SendResult.Rejected rejected) {
        findings.add(
            "the " + mine.version.label() + " rejected a notification: " + rejected.reason());
      } else if (result == null) {
        findings.add("send() of the " + mine.version.label() + " returned null");
      }
      open.decrementAndGet();
    }

    /** Directs sends to another version. */
    void switchTo(Slot next) {
      synchronized (switching) {
        slot = next;
      }
    }

    boolean await(java.util.function.BooleanSupplier condition) throws InterruptedException {
      return Patience.until(condition, swap.patience());
    }

    void stop() throws InterruptedException {
      threads.forEach(Thread::interrupt);
      for (Thread t : threads) {
        t.join(swap.drain().toMillis());
      }
    }
  }

  private <C extends Record, G extends Record> Slot open(PluginVersion version, SwapContext context)
      throws Exception {
    @SuppressWarnings("unchecked")
    NotifierProvider<C, G> provider = version.provider(NotifierProvider.class);
    C config = version.config(provider.configType(), swap.settings());
    G globals = version.config(provider.globalConfigType(), swap.globals());
    return new Slot(version, version.call(() -> provider.open(config, globals, context)));
  }

  private static Notification notification(int number) {
    String id = String.format(Locale.ROOT, "swap-%04d", number);
    Instant start = Instant.now();
    return new Notification(
        "swap",
        "{}:{id=\"" + id + "\"}",
        "key-of-" + id,
        "first notification",
        Labels.of("id", id),
        Labels.EMPTY,
        List.of(
            new NotifiedAlert(
                new Alert(
                    Labels.of("alertname", "Swap" + id.substring(5), "id", id),
                    Labels.of("summary", "notification " + id),
                    start,
                    start.plusSeconds(3600),
                    "http://localhost/graph?g0.expr=" + id),
                true,
                String.format(Locale.ROOT, "%016x", number))),
        0,
        "http://localhost",
        new StubTemplates(Map.of(".Status", "firing", ".GroupLabels.id", id)));
  }

  @Override
  public void swap(PluginVersion previous, PluginVersion next, Path folder, Findings findings)
      throws Exception {
    SwapContext context = new SwapContext(folder);
    int seenBefore = messages.get().size();
    List<Notification> notifications = new ArrayList<>();
    for (int i = 0; i < NOTIFICATIONS; i++) {
      notifications.add(notification(i));
    }
    Slot old = open(previous, context);
    Queue queue = new Queue(old, notifications, findings);
    Slot now = null;
    try {
      if (!queue.await(() -> queue.begun.get() >= BEFORE_SWAP)) {
        findings.add("fewer than " + BEFORE_SWAP + " notifications could be sent in time");
      }
      now = open(next, context);
      queue.switchTo(now);
      drain(old, findings);
      close(old, findings);
      if (!queue.await(() -> queue.open.get() == 0)) {
        findings.add(
            queue.open.get()
                + " of "
                + NOTIFICATIONS
                + " notifications were not accepted within "
                + swap.patience().toMillis() / 1000.0
                + " s");
      }
    } finally {
      queue.stop();
      if (now != null) {
        close(now, findings);
      }
    }
    count(notifications, seenBefore, findings);
  }

  private void drain(Slot old, Findings findings) throws InterruptedException {
    int left = old.awaitIdle(swap.drain().toMillis());
    if (left > 0) {
      findings.add(
          left
              + " sends of the previous version continue "
              + swap.drain().toMillis() / 1000.0
              + " s after the swap and were interrupted; such notifications may arrive twice");
      old.senders.forEach(Thread::interrupt);
      if (old.awaitIdle(swap.drain().toMillis()) > 0) {
        findings.add("send() of the previous version does not end when it is interrupted");
      }
    }
  }

  /** Compares what the receiving side has with what was sent. */
  private void count(List<Notification> notifications, int seenBefore, Findings findings)
      throws InterruptedException {
    // a delivered notification may become visible a little later
    var unused =
        Patience.until(
            () -> notifications.stream().allMatch(n -> times(n, seenBefore) > 0), LATENESS);
    List<String> lost = new ArrayList<>();
    List<String> doubled = new ArrayList<>();
    for (Notification n : notifications) {
      long times = times(n, seenBefore);
      if (times == 0) {
        lost.add(mark.apply(n));
      } else if (times > 1) {
        doubled.add(mark.apply(n) + " (" + times + " times)");
      }
    }
    if (!lost.isEmpty()) {
      findings.add(
          "notifications lost: "
              + String.join(", ", lost)
              + (lost.size() == notifications.size()
                  ? "; if the messages do not name the label id, say identifiedBy(…)"
                  : "; \"delivered\" may be said only when the other side has it"));
    }
    if (!doubled.isEmpty()) {
      findings.add(
          "notifications doubled: "
              + String.join(", ", doubled)
              + "; \"retry later\" may be said only when the other side does not have it");
    }
  }

  private long times(Notification notification, int seenBefore) {
    String text = mark.apply(notification);
    return messages.get().stream().skip(seenBefore).filter(m -> m.contains(text)).count();
  }

  private static void close(Slot slot, Findings findings) {
    try {
      slot.version.call(() -> {
        slot.notifier.close();
        slot.notifier.close(); // idempotent
        return true;
      });
    } catch (Exception | LinkageError e) {
      findings.add("close() of the " + slot.version.label() + " threw " + PluginSwap.describe(e));
    }
  }
}
