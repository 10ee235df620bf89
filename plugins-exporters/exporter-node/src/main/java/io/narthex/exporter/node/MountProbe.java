package io.narthex.exporter.node;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks file systems how full they are, so that one that hangs holds up nobody.
 *
 * <p>The question for a mount of a dead server blocks in the kernel and cannot be interrupted. It
 * therefore runs on a thread of its own: one asks all mounts in turn, and only when a mount does
 * not answer is that thread left to it and another begun for the rest. A mount that hangs is
 * reported once and not asked again before its answer has come.
 *
 * <p>Bounds: a collection waits for all its mounts together no longer than the limit; as many
 * threads hang as mounts do, {@link #MAX_STUCK} at the most. Then no mount is asked until one
 * answers. A thread that hangs keeps the plugin's class loader alive until the kernel lets it go.
 *
 * <p>Confined to the thread that collects, but for {@link Round}.
 */
final class MountProbe {
  /** How many mounts may hang at the same time. */
  static final int MAX_STUCK = 16;

  private static final Logger LOG = LoggerFactory.getLogger(MountProbe.class);

  /** The outcome for one mount. */
  sealed interface Answer {}

  /** It has answered. */
  record Space(FileSystemStat stat) implements Answer {}

  /** It has answered that it cannot tell, and why. */
  record Failed(String reason) implements Answer {}

  /** It has not answered. */
  record Stuck() implements Answer {}

  /** Mounts that one thread asks in turn. */
  private static final class Round implements Runnable {
    private final List<String> paths;
    private final FileSystemStat.Source source;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition progress = lock.newCondition();
    private final List<Answer> answers = new ArrayList<>(); // guarded by lock
    private boolean left; // guarded by lock: nobody waits for it any more

    Round(List<String> paths, FileSystemStat.Source source) {
      this.paths = paths;
      this.source = source;
    }

    @Override
    public void run() {
      for (String path : paths) {
        Answer answer = ask(path);
        lock.lock();
        try {
          answers.add(answer);
          progress.signal();
          if (left) {
            return;
          }
        } finally {
          lock.unlock();
        }
      }
    }

    private Answer ask(String path) {
      try {
        return new Space(source.of(path));
      } catch (IOException | RuntimeException e) {
        return new Failed(String.valueOf(e.getMessage()));
      }
    }

    /**
     * Waits until all mounts have answered or the time is over.
     *
     * @return the answers so far; the mount after them is the one that hangs
     */
    List<Answer> await(long deadlineNanos) throws InterruptedException {
      lock.lockInterruptibly();
      try {
        while (answers.size() < paths.size()) {
          long rest = deadlineNanos - System.nanoTime();
          if (rest <= 0) {
            break;
          }
          long _ = progress.awaitNanos(rest);
        }
        return leave();
      } finally {
        lock.unlock();
      }
    }

    /** Lets the thread end after the mount it asks. */
    List<Answer> leave() {
      lock.lock();
      try {
        left = true;
        return List.copyOf(answers);
      } finally {
        lock.unlock();
      }
    }

    boolean hasMoreThan(int answered) {
      lock.lock();
      try {
        return answers.size() > answered;
      } finally {
        lock.unlock();
      }
    }
  }

  /** A thread that waits for a mount. */
  private record Hanging(Round round, int answered) {}

  private final Map<String, Hanging> hanging = new HashMap<>();
  private final FileSystemStat.Source source;
  private final Function<Runnable, Thread> threads;
  private final long limitNanos;

  /**
   * Creates one.
   *
   * @param source asks one mount
   * @param threads starts a thread
   * @param limitNanos how long a collection waits for its mounts
   */
  MountProbe(FileSystemStat.Source source, Function<Runnable, Thread> threads, long limitNanos) {
    this.source = source;
    this.threads = threads;
    this.limitNanos = limitNanos;
  }

  /**
   * Asks mounts.
   *
   * @return an answer for each path
   * @throws InterruptedException when the time of the collection is over; the mount that it waited
   *     for counts as one that hangs
   */
  Map<String, Answer> ask(List<String> paths) throws InterruptedException {
    forgetThoseThatAnswered();
    Map<String, Answer> all = new HashMap<>();
    List<String> rest = new ArrayList<>();
    for (String path : paths) {
      if (hanging.containsKey(path)) {
        all.put(path, new Stuck());
      } else {
        rest.add(path);
      }
    }
    long deadline = System.nanoTime() + limitNanos;
    while (!rest.isEmpty() && hanging.size() < MAX_STUCK && System.nanoTime() < deadline) {
      Round round = new Round(rest, source);
      Thread thread = threads.apply(round);
      // half of what is left, so that a mount that hangs leaves time for the others
      long now = System.nanoTime();
      long end = now + (deadline - now) / 2;
      List<Answer> answers;
      try {
        answers = round.await(end);
      } catch (InterruptedException e) {
        answers = round.leave();
        if (answers.size() < rest.size()) {
          hangs(rest.get(answers.size()), round, answers.size());
        }
        throw e;
      }
      for (int i = 0; i < answers.size(); i++) {
        all.put(rest.get(i), answers.get(i));
      }
      if (answers.size() == rest.size()) {
        thread.join(); // it has nothing left to do
        return all;
      }
      String path = rest.get(answers.size());
      hangs(path, round, answers.size());
      all.put(path, new Stuck());
      rest = rest.subList(answers.size() + 1, rest.size());
    }
    rest.forEach(path -> all.put(path, new Stuck()));
    return all;
  }

  private void hangs(String path, Round round, int answered) {
    hanging.put(path, new Hanging(round, answered));
    LOG.warn("filesystem collector: {} does not answer; it is left alone until it does", path);
  }

  private void forgetThoseThatAnswered() {
    Iterator<Map.Entry<String, Hanging>> i = hanging.entrySet().iterator();
    while (i.hasNext()) {
      Map.Entry<String, Hanging> e = i.next();
      if (e.getValue().round.hasMoreThan(e.getValue().answered)) {
        i.remove();
        LOG.info("filesystem collector: {} answers again", e.getKey());
      }
    }
  }
}
