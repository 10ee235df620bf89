package io.narthex.storage.tsdb.index;

import io.narthex.model.CompiledRegex;
import io.narthex.model.Matcher;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/** Finds the series that meet matchers. */
public final class Postings {
  private Postings() {}

  /** What an index of labels can do. Returned bitmaps belong to the caller. */
  public interface Index {
    /** Returns all series. */
    RoaringBitmap all();

    /** Returns the series with this pair. */
    RoaringBitmap equal(String name, String value);

    /** Returns the series whose value of {@code name} passes; those without the label do not. */
    RoaringBitmap where(String name, ValueTest test);

    /**
     * Takes out the candidates that do not meet a matcher, by looking at each of them.
     *
     * @return false when nothing was done because there are fewer values to look at than candidates
     */
    boolean retain(RoaringBitmap candidates, Matcher m);
  }

  /**
   * A test of label values that an index may do faster than value by value.
   *
   * @param literals the only values that can pass, or null
   * @param prefix what every passing value begins with
   * @param pattern regular expression that has to match, or null when the test is not one
   * @param negated whether the pattern must not match
   * @param test decides
   */
  public record ValueTest(
      @Nullable Collection<String> literals,
      String prefix,
      @Nullable String pattern,
      boolean negated,
      Predicate<String> test) {
    /** Returns the test for {@code m.matches(value) == wanted}, values never being empty. */
    public static ValueTest of(Matcher m, boolean wanted) {
      Predicate<String> test = v -> m.matches(v) == wanted;
      boolean regex = m.type() == Matcher.Type.REGEX || m.type() == Matcher.Type.NOT_REGEX;
      if (!regex) {
        boolean equal = (m.type() == Matcher.Type.EQUAL) == wanted;
        return new ValueTest(equal ? List.of(m.value()) : null, "", null, !equal, test);
      }
      boolean positive = (m.type() == Matcher.Type.REGEX) == wanted;
      String pattern = withoutAnchors(m.value());
      if (!positive) {
        return new ValueTest(null, "", pattern, true, test);
      }
      CompiledRegex known = m.compiled();
      return known == null
          ? new ValueTest(null, "", pattern, false, test)
          : new ValueTest(known.literals(), known.prefix(), pattern, false, test);
    }
  }

  /** Returns the series that meet all matchers. */
  public static RoaringBitmap select(Index index, List<Matcher> matchers) {
    RoaringBitmap result = null;
    // what is one lookup goes first: it leaves few series to look at
    for (Matcher m : matchers) {
      if (m.type() == Matcher.Type.EQUAL && !m.matchesEmpty()) {
        result = both(result, index.equal(m.name(), m.value()));
        if (result.isEmpty()) {
          return result;
        }
      }
    }
    for (Matcher m : matchers) {
      if (m.type() != Matcher.Type.EQUAL
          && !m.matchesEmpty()
          && (result == null || !index.retain(result, m))) {
        result = both(result, index.where(m.name(), ValueTest.of(m, true)));
        if (result.isEmpty()) {
          return result;
        }
      }
    }
    if (result == null) {
      result = index.all();
    }
    for (Matcher m : matchers) {
      if (m.matchesEmpty() && !matchesAll(m) && !index.retain(result, m)) {
        // everything but the series whose value does not match
        result.andNot(
            m.type() == Matcher.Type.NOT_EQUAL
                ? index.equal(m.name(), m.value())
                : index.where(m.name(), ValueTest.of(m, false)));
      }
    }
    return result;
  }

  private static RoaringBitmap both(@Nullable RoaringBitmap a, RoaringBitmap b) {
    if (a == null) {
      return b;
    }
    a.and(b);
    return a;
  }

  /**
   * Returns a fully anchored expression without an anchor at its ends, which says nothing there but
   * which not every reader of expressions knows.
   */
  static String withoutAnchors(String pattern) {
    String p = pattern;
    if (p.startsWith("^") && (p.length() == 1 || "*+?{".indexOf(p.charAt(1)) < 0)) {
      p = p.substring(1);
    }
    int end = p.length() - 1;
    if (end < 0 || p.charAt(end) != '$' || p.contains("\\Q")) {
      return p;
    }
    int escapes = 0;
    while (escapes < end && p.charAt(end - 1 - escapes) == '\\') {
      escapes++;
    }
    return escapes % 2 == 0 ? p.substring(0, end) : p;
  }

  private static boolean matchesAll(Matcher m) {
    return m.type() == Matcher.Type.REGEX && m.value().equals(".*");
  }

  /** Returns the series that meet any of the lists; no lists = all series. */
  public static RoaringBitmap selectAny(Index index, List<List<Matcher>> sets) {
    if (sets.isEmpty()) {
      return index.all();
    }
    RoaringBitmap any = new RoaringBitmap();
    for (List<Matcher> set : sets) {
      any.or(select(index, set));
    }
    return any;
  }
}
