package io.narthex.promql;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the series of two vectors are matched.
 *
 * @param card how many series of each side may match
 * @param labels labels that are compared, or left out of the comparison
 * @param on whether {@code labels} are the compared ones
 * @param include labels copied from the one side to the result
 * @param fillLeft value that stands in for a missing left side
 * @param fillRight value that stands in for a missing right side
 */
public record VectorMatching(
    Card card,
    List<String> labels,
    boolean on,
    List<String> include,
    @Nullable Double fillLeft,
    @Nullable Double fillRight) {
  /** How many series of each side may match. */
  public enum Card {
    /** One of each. */
    ONE_TO_ONE("one-to-one"),
    /** {@code group_left}. */
    MANY_TO_ONE("many-to-one"),
    /** {@code group_right}. */
    ONE_TO_MANY("one-to-many"),
    /** Set operators. */
    MANY_TO_MANY("many-to-many");

    private final String text;

    Card(String text) {
      this.text = text;
    }

    /** Returns the name that syntax trees show. */
    public String text() {
      return text;
    }
  }

  /** Copies the lists. */
  public VectorMatching {
    labels = List.copyOf(labels);
    include = List.copyOf(include);
  }

  VectorMatching withCard(Card other) {
    return new VectorMatching(other, labels, on, include, fillLeft, fillRight);
  }
}
