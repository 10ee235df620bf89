package io.narthex.storage.tsdb.index;

import io.narthex.model.Matcher;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/**
 * Matchers that all have to match, asked of several indexes. Each index is asked in the order of
 * what the matchers cost there, not in the order in which they are written: once few series are
 * left, the others are decided by looking at those. Not thread-safe.
 */
public final class Query {
  private final List<Term> terms = new ArrayList<>();

  private Query(List<Matcher> matchers) {
    matchers.forEach(m -> terms.add(new Term(m)));
  }

  /** Returns the query of a selector. */
  public static Query of(List<Matcher> matchers) {
    return new Query(matchers);
  }

  /** Returns the queries of several selectors. */
  public static List<Query> ofEach(List<List<Matcher>> sets) {
    return sets.stream().map(Query::of).toList();
  }

  /** Returns the series of an index that meet any of the queries; no queries = all series. */
  public static RoaringBitmap selectAny(Postings index, List<Query> queries) {
    if (queries.isEmpty()) {
      return index.all();
    }
    RoaringBitmap any = new RoaringBitmap();
    for (Query q : queries) {
      any.or(q.select(index));
    }
    return any;
  }

  /** Returns whether one series meets all matchers. */
  public boolean matches(UnaryOperator<String> valueOf) {
    for (Term t : terms) {
      if (!t.matcher.matches(valueOf.apply(t.matcher.name()))) {
        return false;
      }
    }
    return true;
  }

  private enum Kind {
    /** Everything meets it. */
    ALWAYS,
    /** Nothing does. */
    NEVER,
    /** One value of the label. */
    EQUAL,
    /** Any value but one, or none. */
    NOT_EQUAL,
    /** The label, whatever its value. */
    PRESENT,
    /** No such label. */
    ABSENT,
    /** A test of its values, which the absence of the label does not pass. */
    VALUES,
    /** A test of its values, which the absence of the label passes. */
    VALUES_OR_ABSENT
  }

  private static final class Term {
    final Matcher matcher;
    final Kind kind;
    private @Nullable ValueTest test;

    Term(Matcher m) {
      matcher = m;
      kind = kind(m);
    }

    private static Kind kind(Matcher m) {
      boolean empty = m.value().isEmpty();
      return switch (m.type()) {
        case EQUAL -> empty ? Kind.ABSENT : Kind.EQUAL;
        case NOT_EQUAL -> empty ? Kind.PRESENT : Kind.NOT_EQUAL;
        case REGEX ->
            switch (m.value()) {
              case ".*" -> Kind.ALWAYS;
              case ".+" -> Kind.PRESENT;
              case "" -> Kind.ABSENT;
              default -> m.matchesEmpty() ? Kind.VALUES_OR_ABSENT : Kind.VALUES;
            };
        case NOT_REGEX ->
            switch (m.value()) {
              case ".*" -> Kind.NEVER;
              case ".+" -> Kind.ABSENT;
              case "" -> Kind.PRESENT;
              default -> m.matchesEmpty() ? Kind.VALUES_OR_ABSENT : Kind.VALUES;
            };
      };
    }

    boolean isPositive() {
      return kind == Kind.EQUAL || kind == Kind.PRESENT || kind == Kind.VALUES;
    }

    /** Returns the test for the values that pass, or for those that do not if absence passes. */
    ValueTest test() {
      ValueTest t = test;
      if (t == null) {
        t = ValueTest.of(matcher, kind == Kind.VALUES);
        test = t;
      }
      return t;
    }

    /** Returns about how many series and values the index would look at. */
    long cost(Postings index) {
      String name = matcher.name();
      return switch (kind) {
        case ALWAYS, NEVER -> 0;
        case EQUAL, NOT_EQUAL -> index.count(name, matcher.value());
        case PRESENT, ABSENT -> index.valueCount(name) == 0 ? 0 : Long.MAX_VALUE;
        case VALUES, VALUES_OR_ABSENT -> {
          var literals = test().literals();
          if (literals == null) {
            yield index.valueCount(name);
          }
          long sum = 0;
          for (String value : literals) {
            sum += index.count(name, value);
          }
          yield sum;
        }
      };
    }

    RoaringBitmap series(Postings index) {
      String name = matcher.name();
      return switch (kind) {
        case EQUAL, NOT_EQUAL -> index.equal(name, matcher.value());
        case PRESENT, ABSENT -> index.with(name);
        case VALUES, VALUES_OR_ABSENT -> index.where(name, test());
        case ALWAYS, NEVER -> index.all();
      };
    }
  }

  private record Costed(Term term, long cost) {}

  private List<Costed> byCost(Postings index, boolean positive) {
    List<Costed> some = new ArrayList<>(terms.size());
    for (Term t : terms) {
      if (t.isPositive() == positive && t.kind != Kind.ALWAYS) {
        some.add(new Costed(t, t.cost(index)));
      }
    }
    some.sort(Comparator.comparingLong(Costed::cost));
    return some;
  }

  /** Returns the series of an index that meet all matchers. */
  public RoaringBitmap select(Postings index) {
    if (terms.stream().anyMatch(t -> t.kind == Kind.NEVER)) {
      return new RoaringBitmap();
    }
    RoaringBitmap result = null;
    for (Costed c : byCost(index, true)) {
      if (c.cost() == 0 || (result != null && result.isEmpty())) {
        return new RoaringBitmap(); // no series has any of the values
      }
      if (result == null) {
        result = c.term().series(index);
      } else if (c.cost() < result.getCardinality() || !index.retain(result, c.term().matcher)) {
        result.and(c.term().series(index));
      }
    }
    if (result == null) {
      result = index.all();
    }
    for (Costed c : byCost(index, false)) {
      if (c.cost() > 0
          && !result.isEmpty()
          && (c.cost() < result.getCardinality() || !index.retain(result, c.term().matcher))) {
        // everything but the series whose value does not match
        result.andNot(c.term().series(index));
      }
    }
    return result;
  }
}
