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
 * Runs the steps of a start in order, on one thread. The parts that steps have created are closed
 * in reverse order, on the thread that ends the server.
 */
final class BootSteps {
  private static final Logger LOG = LoggerFactory.getLogger(BootSteps.class);

  /** One step. */
  sealed interface Step {
    /** Returns its name, for messages about a start that fails. */
    String name();

    /** Runs the step. Returns a verdict when the start ends here, null when it continues. */
    @Nullable Verdict run();

    /** Returns what closes the part it created, or null when there is nothing to close. */
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

    /** Returns the part, or null before the step has run. */
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
   * @return the verdict of the step at which the start ended, or null when all have run
   * @throws StartException when the server is stopped in the meantime
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

  /**
   * Registers a part to be closed; closes it at once when the server was stopped during its
   * creation.
   */
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

  /** Closes what has been created, in reverse order. */
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
