package io.narthex.storage.tsdb;

import io.narthex.model.Matcher;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.RoaringBitmap;

/** Finds the series that meet matchers. */
final class Postings {
  private Postings() {}

  /** What an index of labels can do. Returned bitmaps belong to the caller. */
  interface Index {
    /** Returns all series. */
    RoaringBitmap all();

    /** Returns the series with this very pair. */
    RoaringBitmap equal(String name, String value);

    /** Returns the series whose value of {@code name} passes; those without the label do not. */
    RoaringBitmap where(String name, ValueTest test);
  }

  /**
   * A test of label values that an index may do faster than value by value.
   *
   * @param literals the only values that can pass, or null
   * @param prefix what every passing value begins with
   * @param pattern regular expression that has to match, or null when the test is no such
   * @param negated whether the pattern must not match
   * @param test decides
   */
  record ValueTest(
      @Nullable List<String> literals,
      String prefix,
      @Nullable String pattern,
      boolean negated,
      Predicate<String> test) {
    /** Returns the test for {@code m.matches(value) == wanted}, values never being empty. */
    static ValueTest of(Matcher m, boolean wanted) {
      Predicate<String> test = v -> m.matches(v) == wanted;
      boolean regex = m.type() == Matcher.Type.REGEX || m.type() == Matcher.Type.NOT_REGEX;
      if (!regex) {
        boolean equal = (m.type() == Matcher.Type.EQUAL) == wanted;
        return new ValueTest(equal ? List.of(m.value()) : null, "", null, !equal, test);
      }
      boolean positive = (m.type() == Matcher.Type.REGEX) == wanted;
      if (!positive) {
        return new ValueTest(null, "", m.value(), true, test);
      }
      RegexShape shape = RegexShape.of(m.value());
      return new ValueTest(shape.literals(), shape.prefix(), m.value(), false, test);
    }
  }

  /** Returns the series that meet all matchers. */
  static RoaringBitmap select(Index index, List<Matcher> matchers) {
    RoaringBitmap result = null;
    for (Matcher m : matchers) {
      if (!m.matchesEmpty()) {
        RoaringBitmap these =
            m.type() == Matcher.Type.EQUAL
                ? index.equal(m.name(), m.value())
                : index.where(m.name(), ValueTest.of(m, true));
        if (result == null) {
          result = these;
        } else {
          result.and(these);
        }
        if (result.isEmpty()) {
          return result;
        }
      }
    }
    if (result == null) {
      result = index.all();
    }
    for (Matcher m : matchers) {
      if (m.matchesEmpty() && !matchesAll(m)) {
        // everything but the series whose value does not match
        result.andNot(
            m.type() == Matcher.Type.NOT_EQUAL
                ? index.equal(m.name(), m.value())
                : index.where(m.name(), ValueTest.of(m, false)));
      }
    }
    return result;
  }

  private static boolean matchesAll(Matcher m) {
    return m.type() == Matcher.Type.REGEX && m.value().equals(".*");
  }

  /** Returns the series that meet any of the lists; no lists = all series. */
  static RoaringBitmap selectAny(Index index, List<List<Matcher>> sets) {
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
