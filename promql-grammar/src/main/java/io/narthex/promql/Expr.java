package io.narthex.promql;

import io.narthex.model.Matcher;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An expression of PromQL: the node of the syntax tree. Immutable. Nodes compare by value, position
 * included.
 */
public sealed interface Expr {
  /** Returns the part of the query this expression was written as. */
  PosRange position();

  /** Returns the type of the value. */
  ValueType type();

  /**
   * A number; one with {@code duration} was written like {@code 5m} and counts seconds.
   *
   * @param value the number
   * @param duration whether it was written as a duration
   */
  record NumberLiteral(double value, boolean duration, PosRange position) implements Expr {
    @Override
    public ValueType type() {
      return ValueType.SCALAR;
    }
  }

  /**
   * A string.
   *
   * @param value the string; see {@link Strings} for bytes that are not UTF-8
   */
  record StringLiteral(String value, PosRange position) implements Expr {
    @Override
    public ValueType type() {
      return ValueType.STRING;
    }
  }

  /** How samples at the borders of a range are used. */
  enum RangeMode {
    /** Only the samples in the range. */
    PLAIN,
    /** The sample before the range counts as its first. */
    ANCHORED,
    /** Borders are interpolated. */
    SMOOTHED
  }

  /**
   * The time fixed by {@code @}.
   *
   * @param kind what was written
   * @param timestampMs the time for {@link Kind#FIXED}
   */
  record At(Kind kind, long timestampMs) {
    /** The forms of {@code @}. */
    public enum Kind {
      /** A time. */
      FIXED,
      /** The start of the query. */
      START,
      /** The end of the query. */
      END
    }
  }

  /**
   * A selector with its modifiers.
   *
   * @param name the metric name written before the braces, or the empty string
   * @param matchers all conditions; the one on {@code name}, if any, comes last
   * @param offsetMs literal offset in milliseconds
   * @param offsetExpr calculated offset, which then counts instead of {@code offsetMs}
   * @param at fixed time
   * @param mode border rule
   * @param matchersOnly whether this is the second argument of {@code info()}
   */
  record VectorSelector(
      String name,
      List<Matcher> matchers,
      long offsetMs,
      @Nullable DurationExpr offsetExpr,
      @Nullable At at,
      RangeMode mode,
      boolean matchersOnly,
      PosRange position)
      implements Expr {
    /** Copies the list. */
    public VectorSelector {
      matchers = List.copyOf(matchers);
    }

    @Override
    public ValueType type() {
      return ValueType.VECTOR;
    }
  }

  /**
   * A range selector.
   *
   * @param selector what is selected, with the modifiers written after the range
   * @param rangeMs literal range in milliseconds
   * @param rangeExpr calculated range, which then counts instead of {@code rangeMs}
   * @param end end of the text in bytes
   */
  record MatrixSelector(
      VectorSelector selector, long rangeMs, @Nullable DurationExpr rangeExpr, int end)
      implements Expr {
    @Override
    public PosRange position() {
      return new PosRange(selector.position().start(), end);
    }

    @Override
    public ValueType type() {
      return ValueType.MATRIX;
    }
  }

  /**
   * A subquery.
   *
   * @param expr what is evaluated at each step
   * @param rangeMs literal range
   * @param rangeExpr calculated range
   * @param stepMs literal step; 0 means the default step
   * @param stepExpr calculated step
   * @param offsetMs literal offset
   * @param offsetExpr calculated offset
   * @param at fixed time
   * @param end end of the text in bytes
   */
  record SubqueryExpr(
      Expr expr,
      long rangeMs,
      @Nullable DurationExpr rangeExpr,
      long stepMs,
      @Nullable DurationExpr stepExpr,
      long offsetMs,
      @Nullable DurationExpr offsetExpr,
      @Nullable At at,
      int end)
      implements Expr {
    @Override
    public PosRange position() {
      Expr first = expr;
      while (first instanceof SubqueryExpr inner) { // thousands of them may stand in a row
        first = inner.expr;
      }
      return new PosRange(first.position().start(), end);
    }

    @Override
    public ValueType type() {
      return ValueType.MATRIX;
    }
  }

  /**
   * Two expressions and an operator.
   *
   * @param matching how series are matched; null unless both sides are vectors
   * @param returnBool whether a comparison gives 0 and 1 instead of filtering
   * @param position from the left side's start to the right side's end
   */
  record BinaryExpr(
      BinaryOp op,
      Expr left,
      Expr right,
      @Nullable VectorMatching matching,
      boolean returnBool,
      ValueType type,
      PosRange position)
      implements Expr {}

  /** A sign before an expression. */
  record UnaryExpr(boolean minus, Expr expr, PosRange position) implements Expr {
    @Override
    public ValueType type() {
      return expr.type();
    }
  }

  /** An expression in parentheses. */
  record ParenExpr(Expr expr, PosRange position) implements Expr {
    @Override
    public ValueType type() {
      return expr.type();
    }
  }

  /**
   * An aggregation.
   *
   * @param param first argument of those that take two
   * @param grouping label names
   * @param without whether the labels are those left out
   */
  record AggregateExpr(
      AggregateOp op,
      Expr expr,
      @Nullable Expr param,
      List<String> grouping,
      boolean without,
      PosRange position)
      implements Expr {
    /** Copies the list. */
    public AggregateExpr {
      grouping = List.copyOf(grouping);
    }

    @Override
    public ValueType type() {
      return ValueType.VECTOR;
    }
  }

  /** A function call. */
  record Call(FunctionSignature function, List<Expr> arguments, PosRange position) implements Expr {
    /** Copies the list. */
    public Call {
      arguments = List.copyOf(arguments);
    }

    @Override
    public ValueType type() {
      return function.returnType();
    }
  }
}
