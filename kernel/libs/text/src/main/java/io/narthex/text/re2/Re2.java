package io.narthex.text.re2;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.narthex.model.CompiledRegex;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression in RE2 syntax; all expressions of the server are of this class: selectors,
 * matchers of alerts, relabelling, templates and functions of queries. Immutable and thread-safe.
 * Time is linear in the input for every pattern.
 *
 * <p>Expressions that consist of literals, {@code .*}, {@code .+}, groups, alternations and small
 * character classes are matched by plain text comparison and never compiled, however long they are;
 * only the others run the automaton.
 *
 * <p><b>Limits.</b> {@link PatternScan} refuses, before anything is compiled, what Go refuses:
 * nested repetitions above 1000, groups nested deeper than 1000, programs that are too large (the
 * smaller of 524,288 instructions and a sixteenth of the heap). Large expressions compile one at a
 * time. The cache is bounded by the bytes of its expressions.
 */
public final class Re2 implements CompiledRegex {
  /** How an expression is applied; part of its key in the cache. */
  private enum Mode {
    /** Whole text, dot matches a line feed. */
    MATCHER("^(?s:", ")$"),
    /** The same; errors quote the anchored expression. */
    REPLACER("^(?s:", ")$"),
    /** Whole text, dot does not match a line feed; errors quote the anchored expression. */
    ALERT("^(?:", ")$"),
    /** Anywhere in a text, and dot does not match a line feed. */
    SEARCH("", "");

    final String before;
    final String after;

    Mode(String before, String after) {
      this.before = before;
      this.after = after;
    }
  }

  private record Key(Mode mode, String pattern) {}

  /** Bytes that compiled expressions may take together. */
  static final long MAX_CACHED_BYTES = Math.min(32L << 20, Runtime.getRuntime().maxMemory() / 32);

  /** A larger expression is not cached: it would take the space of many others. */
  private static final long MAX_ENTRY_BYTES = MAX_CACHED_BYTES / 8;

  /** Expressions with more instructions compile one at a time. */
  private static final long LARGE = 1 << 14;

  private static final ReentrantLock LARGE_ONES = new ReentrantLock();

  /** Compiled expressions; emptied when full, which costs a compilation each. */
  private static final ConcurrentMap<Key, Re2> CACHE = new ConcurrentHashMap<>();

  private static final AtomicLong CACHED_BYTES = new AtomicLong();

  private final String pattern;
  private final Mode mode;
  private final @Nullable GlobSet globs;
  private final String prefix; // of an expression without globs
  private final long bytes;

  /** Null as long as plain comparison suffices. */
  private volatile @Nullable Pattern automaton;

  /** Whether matching has once overflowed a usual stack. */
  private volatile boolean deep;

  private Re2(String pattern, Mode mode) {
    this.pattern = pattern;
    this.mode = mode;
    this.globs = mode == Mode.SEARCH ? null : GlobSet.of(pattern);
    this.prefix = globs == null && mode != Mode.SEARCH ? LiteralPrefix.of(pattern) : "";
    long weight = 128 + 2L * (pattern.length() + prefix.length());
    if (globs != null) {
      PatternScan.checkGroups(pattern); // replacing may need the program later
      weight += globs.bytes();
    } else {
      PatternScan scan = scan();
      automaton = program(scan);
      weight += scan.instructions() * PatternScan.INSTRUCTION_BYTES;
    }
    this.bytes = weight;
  }

  /**
   * Returns the compiled form of a label matcher's expression: whole text, dot matches a line feed.
   *
   * @throws Re2SyntaxException when RE2 refuses the expression
   */
  public static Re2 compile(String pattern) {
    return of(Mode.MATCHER, pattern);
  }

  /**
   * Returns the compiled form of a relabelling rule's expression. Differs from {@link #compile} in
   * error texts only: they quote the anchored expression, as the Prometheus does here.
   *
   * @throws Re2SyntaxException when RE2 refuses the expression
   */
  public static Re2 compileAnchored(String pattern) {
    return of(Mode.REPLACER, pattern);
  }

  /**
   * Returns the compiled form of an expression on labels of alerts: whole text, but dot does not
   * match a line feed.
   *
   * @throws Re2SyntaxException when RE2 refuses the expression; errors quote the anchored one
   */
  public static Re2 compileForAlerts(String pattern) {
    return of(Mode.ALERT, pattern);
  }

  /**
   * Returns the compiled form of an expression for {@link #find} and {@link #replaceAll}: it is not
   * anchored, and dot does not match a line feed.
   *
   * @throws Re2SyntaxException when RE2 refuses the expression
   */
  public static Re2 compileSearch(String pattern) {
    return of(Mode.SEARCH, pattern);
  }

  private static Re2 of(Mode mode, String pattern) {
    Key key = new Key(mode, pattern);
    Re2 known = CACHE.get(key);
    if (known != null) {
      return known;
    }
    Re2 compiled = new Re2(pattern, mode);
    if (compiled.bytes > MAX_ENTRY_BYTES) {
      return compiled;
    }
    Re2 before = CACHE.putIfAbsent(key, compiled);
    if (before != null) {
      return before;
    }
    if (CACHED_BYTES.addAndGet(compiled.bytes) > MAX_CACHED_BYTES) {
      CACHE.clear();
      CACHED_BYTES.set(0);
    }
    return compiled;
  }

  /** Returns an estimate of the bytes of the cached expressions. */
  static long cachedBytes() {
    return CACHE.values().stream().mapToLong(r -> r.bytes).sum();
  }

  private String anchored(String text) {
    return mode.before + text + mode.after;
  }

  private PatternScan scan() {
    String whole = mode == Mode.MATCHER ? pattern : anchored(pattern);
    PatternScan scan = PatternScan.of(pattern, whole);
    if (!scan.regular()) {
      // its parentheses may pair with those of the anchors: "a)|(?:b"
      (mode == Mode.MATCHER ? scan : PatternScan.of(whole, whole)).checkWrong();
    }
    return scan;
  }

  private Pattern program(PatternScan scan) {
    if (scan.instructions() <= LARGE) {
      return programNow(scan);
    }
    LARGE_ONES.lock();
    try {
      return programNow(scan);
    } finally {
      LARGE_ONES.unlock();
    }
  }

  private Pattern programNow(PatternScan scan) {
    boolean alone = mode == Mode.MATCHER; // errors quote the expression as the user wrote it
    if (alone && !scan.regular()) {
      parse(pattern); // and it must be valid alone
    }
    try {
      return parse(anchored(scan.broken()));
    } catch (Re2SyntaxException e) {
      if (pattern.length() <= PatternScan.MAX_IRREGULAR) {
        parse(alone ? pattern : anchored(pattern)); // for a message without our breaks
      }
      throw e;
    }
  }

  private static Pattern parse(String text) {
    try {
      return Pattern.compile(text);
    } catch (PatternSyntaxException e) {
      throw new Re2SyntaxException(
          PatternScan.excerpt(Objects.requireNonNullElse(e.getMessage(), text)), e);
    } catch (StackOverflowError e) {
      throw new Re2SyntaxException(
          "error parsing regexp: expression nests too deeply: `" + PatternScan.excerpt(text) + "`",
          e);
    }
  }

  private Pattern automaton() {
    Pattern p = automaton;
    if (p == null) {
      p = program(scan());
      automaton = p;
    }
    return p;
  }

  /** Returns the expression as the user wrote it, without anchors. */
  public String pattern() {
    return pattern;
  }

  /** Returns whether the expression matches all of {@code text}. */
  @Override
  public boolean test(String text) {
    GlobSet g = globs;
    if (g != null && (mode != Mode.ALERT || g.literals() != null || text.indexOf('\n') < 0)) {
      return g.matches(text);
    }
    Pattern p = automaton();
    return matching(() -> p.matches(text));
  }

  /** Matches on a thread with a large stack when the caller's does not suffice. */
  private <T> T matching(Supplier<T> work) {
    if (!deep) {
      try {
        return work.get();
      } catch (StackOverflowError e) {
        deep = true;
      }
    }
    return DeepStack.run(work);
  }

  /** Same as {@link #test}. */
  public boolean matches(String text) {
    return test(text);
  }

  @Override
  public @Nullable Set<String> literals() {
    return globs == null ? null : globs.literals();
  }

  @Override
  public String prefix() {
    return globs == null ? prefix : globs.prefix();
  }

  /** Returns whether every string matches, including the empty one. */
  public boolean matchesAll() {
    return globs != null && globs.matchesAll();
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
    if (globs != null && !test(text)) {
      return null;
    }
    Pattern p = automaton();
    return matching(
            () -> {
              Matcher m = p.matcher(text);
              return m.find() ? Optional.of(template.expand(m, p)) : Optional.<String>empty();
            })
        .orElse(null);
  }

  /** Returns whether {@code text} contains a match; only for {@link #compileSearch}. */
  public boolean find(String text) {
    Pattern p = automaton();
    return matching(() -> p.matcher(text).find());
  }

  /**
   * Replaces all matches in {@code text} by what {@code template} expands to.
   *
   * @param maxLength most characters of the result
   * @return the new text, or null when it would be longer than {@code maxLength}
   */
  public @Nullable String replaceAll(String text, Template template, int maxLength) {
    Pattern p = automaton();
    return matching(() -> Optional.ofNullable(replaced(p, text, template, maxLength))).orElse(null);
  }

  private static @Nullable String replaced(
      Pattern p, String text, Template template, int maxLength) {
    Matcher m = p.matcher(text);
    StringBuilder b = new StringBuilder();
    int from = 0;
    while (m.find()) {
      b.append(text, from, m.start());
      b.append(template.isConstant() ? template.text() : template.expand(m, p));
      from = m.end();
      if (b.length() > maxLength) {
        return null;
      }
    }
    return b.append(text, from, text.length()).toString();
  }

  /** Two expressions are equal when their patterns and modes are. */
  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof Re2 other
        && mode.before.equals(other.mode.before)
        && pattern.equals(other.pattern);
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
