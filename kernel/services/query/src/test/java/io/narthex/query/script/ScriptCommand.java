package io.narthex.query.script;

import io.narthex.promql.SeriesDescription;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One command of a script. */
sealed interface ScriptCommand {
  /** Returns the line it starts on, from 1. */
  int line();

  /** Throws everything away. */
  record Clear(int line) implements ScriptCommand {}

  /**
   * Adds samples.
   *
   * @param series what is added; start times are null where there are none
   */
  record Load(int line, long stepMs, boolean withCustomBuckets, List<Line> series)
      implements ScriptCommand {
    /**
     * A series with the start time of each point, relative to the point.
     *
     * @param starts null when the line has none; {@link #NO_START} for single points without
     */
    record Line(SeriesDescription description, long @Nullable [] starts) {
      static final long NO_START = Long.MIN_VALUE;
    }
  }

  /** A demand on annotations or on the error. */
  record Expectation(Kind kind, Match match, String text) {
    enum Kind {
      FAIL,
      WARN,
      NO_WARN,
      INFO,
      NO_INFO
    }

    enum Match {
      ANY,
      MESSAGE,
      REGEX
    }
  }

  /** Evaluates an expression and compares the result. Mutable while it is read. */
  final class Eval implements ScriptCommand {
    final int line;
    final boolean range;
    final long startMs;
    final long endMs;
    final long stepMs;
    final String expression;
    final List<Expectation> expectations = new ArrayList<>();
    final List<SeriesDescription> results = new ArrayList<>();
    boolean ordered;
    @Nullable Double scalar;
    @Nullable String text;

    /** From, to, step of {@code expect range vector}. */
    long @Nullable [] rangeVector;

    Eval(int line, boolean range, long startMs, long endMs, long stepMs, String expression) {
      this.line = line;
      this.range = range;
      this.startMs = startMs;
      this.endMs = endMs;
      this.stepMs = stepMs;
      this.expression = expression;
    }

    @Override
    public int line() {
      return line;
    }

    boolean expects(Expectation.Kind kind) {
      return expectations.stream().anyMatch(e -> e.kind() == kind);
    }
  }
}
