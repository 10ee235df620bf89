package io.narthex.storage.tsdb.index;

import io.narthex.model.CompiledRegex;
import io.narthex.model.Matcher;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import org.apache.lucene.util.automaton.Automaton;
import org.apache.lucene.util.automaton.ByteRunAutomaton;
import org.apache.lucene.util.automaton.CharacterRunAutomaton;
import org.jspecify.annotations.Nullable;

/**
 * A test of label values that an index may do faster than value by value. The automata of its
 * expression are made when the first index asks for them, and then used for all: the head and each
 * block. Belongs to one query; not thread-safe.
 */
public final class ValueTest {
  private final @Nullable Collection<String> literals;
  private final String prefix;
  private final @Nullable String pattern;
  private final boolean negated;
  private final Predicate<String> test;

  private boolean parsed;
  private @Nullable Automaton automaton;
  private @Nullable ByteRunAutomaton bytes;
  private @Nullable CharacterRunAutomaton characters;

  private ValueTest(
      @Nullable Collection<String> literals,
      String prefix,
      @Nullable String pattern,
      boolean negated,
      Predicate<String> test) {
    this.literals = literals;
    this.prefix = prefix;
    this.pattern = pattern;
    this.negated = negated;
    this.test = test;
  }

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

  /** Returns the only values that can pass, or null. */
  public @Nullable Collection<String> literals() {
    return literals;
  }

  /** Returns what every passing value begins with. */
  public String prefix() {
    return prefix;
  }

  /** Returns whether the automata stand for the values that do not pass. */
  public boolean isNegated() {
    return negated;
  }

  /** Decides. */
  public boolean passes(String value) {
    return test.test(value);
  }

  private @Nullable Automaton automaton() {
    if (!parsed) {
      parsed = true;
      automaton = pattern == null ? null : RegexAutomaton.parse(pattern);
    }
    return automaton;
  }

  /** Returns the automaton over UTF-8 bytes, or null when there is none. */
  public @Nullable ByteRunAutomaton bytes() {
    Automaton a = automaton();
    if (bytes == null && a != null) {
      bytes = new ByteRunAutomaton(a);
    }
    return bytes;
  }

  /** Returns the automaton over characters, or null when there is none. */
  public @Nullable CharacterRunAutomaton characters() {
    Automaton a = automaton();
    if (characters == null && a != null) {
      characters = new CharacterRunAutomaton(a);
    }
    return characters;
  }
}
