package io.narthex.format.re2;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression in RE2 syntax that has to match a whole text: {@code ^(?s:pattern)$}, dot
 * matches newline. Immutable and thread-safe. Time is linear in the text for every pattern.
 *
 * <p>Expressions that consist of literals, {@code .*}, {@code .+}, groups, alternations and small
 * character classes are matched by plain text comparison; only the others run the automaton.
 */
public final class Re2 implements Predicate<String> {
  private static final int CACHE_SIZE = 4096;

  /** Compiled expressions by text; emptied when full, which costs a compilation each. */
  private static final ConcurrentMap<String, Re2> MATCHERS = new ConcurrentHashMap<>();

  private static final ConcurrentMap<String, Re2> REPLACERS = new ConcurrentHashMap<>();

  private final String pattern;
  private final Pattern automaton;
  private final @Nullable GlobSet globs;

  private Re2(String pattern, Pattern automaton, @Nullable GlobSet globs) {
    this.pattern = pattern;
    this.automaton = automaton;
    this.globs = globs;
  }

  /**
   * Returns the compiled form of a label matcher's expression.
   *
   * @throws Re2SyntaxException when RE2 refuses the expression
   */
  public static Re2 compile(String pattern) {
    Re2 known = MATCHERS.get(pattern);
    if (known != null) {
      return known;
    }
    parse(pattern); // errors quote the expression as the user wrote it, and it must stand alone
    Re2 compiled = new Re2(pattern, parse(anchored(pattern)), GlobSet.of(pattern));
    return remember(MATCHERS, pattern, compiled);
  }

  /**
   * Returns the compiled form of a relabelling rule's expression. Differs from {@link #compile} in
   * error texts only: they quote the anchored expression, as the original does here.
   *
   * @throws Re2SyntaxException when RE2 refuses the expression
   */
  public static Re2 compileAnchored(String pattern) {
    Re2 known = REPLACERS.get(pattern);
    if (known != null) {
      return known;
    }
    Pattern automaton = parse(anchored(pattern));
    Re2 compiled = new Re2(pattern, automaton, GlobSet.of(pattern));
    return remember(REPLACERS, pattern, compiled);
  }

  private static String anchored(String pattern) {
    return "^(?s:" + pattern + ")$";
  }

  private static Pattern parse(String text) {
    try {
      return Pattern.compile(text);
    } catch (PatternSyntaxException e) {
      throw new Re2SyntaxException(Objects.requireNonNullElse(e.getMessage(), text), e);
    }
  }

  private static Re2 remember(ConcurrentMap<String, Re2> cache, String pattern, Re2 compiled) {
    if (cache.size() >= CACHE_SIZE) {
      cache.clear();
    }
    Re2 before = cache.putIfAbsent(pattern, compiled);
    return before == null ? compiled : before;
  }

  /** Returns the expression as the user wrote it, without anchors. */
  public String pattern() {
    return pattern;
  }

  /** Tells whether the expression matches the whole of {@code text}. */
  @Override
  public boolean test(String text) {
    return globs != null ? globs.matches(text) : automaton.matches(text);
  }

  /** Same as {@link #test}. */
  public boolean matches(String text) {
    return test(text);
  }

  /**
   * Returns the texts the expression matches when these are a finite, small set, else null. Of use
   * to look values up instead of testing all.
   */
  public @Nullable Set<String> literals() {
    return globs == null ? null : globs.literals();
  }

  /** Returns a text that every match begins with; may be empty. */
  public String prefix() {
    return globs == null ? "" : globs.prefix();
  }

  /** Tells whether every text matches, the empty one included. */
  public boolean matchesAll() {
    return globs != null && globs.matchesAll();
  }

  /** Tells whether every text but the empty one matches. */
  public boolean matchesAnyNonEmpty() {
    return globs != null && globs.matchesNonEmpty();
  }

  /**
   * Matches {@code text} and expands {@code template} with the groups found.
   *
   * @return the expanded text, or null when the text does not match
   */
  public @Nullable String replace(String text, Template template) {
    if (template.isConstant()) {
      return test(text) ? template.text() : null;
    }
    if (globs != null && !globs.matches(text)) {
      return null;
    }
    Matcher m = automaton.matcher(text);
    return m.find() ? template.expand(m, automaton) : null;
  }

  /** Two expressions are equal when their texts are. */
  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof Re2 other && pattern.equals(other.pattern);
  }

  @Override
  public int hashCode() {
    return pattern.hashCode();
  }

  @Override
  public String toString() {
    return pattern;
  }
}
