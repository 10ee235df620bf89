package io.narthex.core;

import io.narthex.core.check.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The steps of a start, run one after the other by one thread. What a step has created is closed at
 * the end, the newest first, by whichever thread ends the server.
 */
final class BootSteps {
  private static final Logger LOG = LoggerFactory.getLogger(BootSteps.class);

  /** One step. */
  sealed interface Step {
    /** Returns its name, for messages about a start that fails. */
    String name();

    /** Does it; returns how the start ends here, or null when the next step follows. */
    @Nullable Verdict run();

    /** Returns what closes the part it has created, or null when there is nothing to close. */
    default @Nullable AutoCloseable closing() {
      return null;
    }
  }

  /** Closes a part. */
  interface Close<T> {
    void close(T part) throws Exception;
  }

  /** A step that creates a part, which later steps use. */
  static final class Part<T> implements Step, Supplier<T> {
    private final String name;
    private final Supplier<T> create;
    private final @Nullable Close<? super T> close;
    private volatile @Nullable T part;

    private Part(String name, Supplier<T> create, @Nullable Close<? super T> close) {
      this.name = name;
      this.create = create;
      this.close = close;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public @Nullable Verdict run() {
      part = create.get();
      return null;
    }

    @Override
    public @Nullable AutoCloseable closing() {
      Close<? super T> how = close;
      T created = part;
      return how == null || created == null ? null : () -> how.close(created);
    }

    @Override
    public T get() {
      return Objects.requireNonNull(part, () -> "the step \"" + name + "\" has not been run");
    }

    /** Returns the part, or null when the start has not come so far. */
    @Nullable T created() {
      return part;
    }
  }

  /** A step that creates nothing. */
  record Action(String name, Runnable action) implements Step {
    @Override
    public @Nullable Verdict run() {
      action.run();
      return null;
    }
  }

  /** A step at which the start may end. */
  record Gate(String name, Supplier<@Nullable Verdict> verdict) implements Step {
    @Override
    public @Nullable Verdict run() {
      return verdict.get();
    }
  }

  private record Closing(String name, AutoCloseable part) {}

  private final List<Closing> closing = new ArrayList<>(); // guarded by this
  private boolean stopped; // guarded by this
  private volatile String current = "";

  /** Returns a step that creates a part which needs no closing. */
  static <T> Part<T> part(String name, Supplier<T> create) {
    return new Part<>(name, create, null);
  }

  /** Returns a step that creates a part. */
  static <T> Part<T> part(String name, Supplier<T> create, Close<? super T> close) {
    return new Part<>(name, create, close);
  }

  /**
   * Runs steps in order.
   *
   * @return how the start ended before the last one, or null when all have been run
   * @throws StartException when the server is stopped meanwhile
   */
  @Nullable Verdict run(List<Step> steps) {
    for (Step step : steps) {
      current = step.name();
      long began = System.nanoTime();
      Verdict verdict = step.run();
      LOG.debug("start: {} took {} ms", step.name(), (System.nanoTime() - began) / 1_000_000);
      if (verdict != null) {
        return verdict;
      }
      AutoCloseable part = step.closing();
      if (part != null) {
        later(new Closing(step.name(), part));
      }
    }
    return null;
  }

  /** Returns the name of the step that runs, or ran last. */
  String current() {
    return current;
  }

  /** Has a part closed at the end; at once when the end has come while it was being created. */
  private void later(Closing part) {
    synchronized (this) {
      if (!stopped) {
        closing.add(part);
        return;
      }
    }
    close(part);
    throw new StartException("the server was stopped while it was starting");
  }

  /** Closes what has been created, the newest first. */
  void close() {
    List<Closing> reversed;
    synchronized (this) {
      reversed = new ArrayList<>(closing).reversed();
      closing.clear();
      stopped = true;
    }
    reversed.forEach(BootSteps::close);
  }

  private static void close(Closing part) {
    try {
      part.part().close();
    } catch (Exception e) {
      LOG.error("stopping {}: {}", part.name(), e.toString(), e);
    }
  }
}
