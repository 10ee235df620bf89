package io.narthex.storage.tsdb.index;

import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.util.automaton.Automata;
import org.apache.lucene.util.automaton.Automaton;
import org.apache.lucene.util.automaton.Operations;
import org.apache.lucene.util.automaton.TooComplexToDeterminizeException;
import org.jspecify.annotations.Nullable;

/**
 * Translates the common part of RE2 syntax into an automaton: literals, escaped punctuation, {@code
 * .}, classes, {@code \d \w \s}, groups, alternatives and counts. What it does not know (flags,
 * anchors, word boundaries, Unicode classes …) it leaves to the compiled expression by giving up,
 * so that it never guesses.
 */
public final class RegexAutomaton {
  private static final int MAX_WORK = 20_000;
  private static final int MAX_COUNT = 50;
  private static final int MAX_LENGTH = 2_000;
  private static final int MAX_DEPTH = 50;

  private final String text;
  private int at;
  private int depth;

  private RegexAutomaton(String text) {
    this.text = text;
  }

  /** The expression has something this class does not know. */
  private static final class Unknown extends RuntimeException {
    private static final long serialVersionUID = 1;

    Unknown() {
      super(null, null, false, false);
    }
  }

  /** Returns the automaton of a fully anchored expression, determinized, or null. */
  static @Nullable Automaton parse(String pattern) {
    if (pattern.length() > MAX_LENGTH) {
      return null;
    }
    RegexAutomaton parser = new RegexAutomaton(pattern);
    try {
      Automaton a = parser.alternatives();
      if (parser.at < pattern.length()) {
        return null;
      }
      return Operations.determinize(a, MAX_WORK);
    } catch (Unknown | TooComplexToDeterminizeException e) {
      return null;
    }
  }

  private boolean has() {
    return at < text.length();
  }

  private char peek() {
    return text.charAt(at);
  }

  private int next() {
    int c = text.codePointAt(at);
    at += Character.charCount(c);
    if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
      throw new Unknown();
    }
    return c;
  }

  private Automaton alternatives() {
    if (++depth > MAX_DEPTH) {
      throw new Unknown();
    }
    List<Automaton> list = new ArrayList<>();
    list.add(sequence());
    while (has() && peek() == '|') {
      at++;
      list.add(sequence());
    }
    depth--;
    return list.size() == 1 ? list.get(0) : Operations.union(list);
  }

  private Automaton sequence() {
    List<Automaton> list = new ArrayList<>();
    while (has() && peek() != '|' && peek() != ')') {
      list.add(counted(atom()));
    }
    return list.isEmpty() ? Automata.makeEmptyString() : Operations.concatenate(list);
  }

  private Automaton counted(Automaton one) {
    if (!has()) {
      return one;
    }
    Automaton result;
    switch (peek()) {
      case '*' -> {
        at++;
        result = Operations.repeat(one);
      }
      case '+' -> {
        at++;
        result = Operations.repeat(one, 1);
      }
      case '?' -> {
        at++;
        result = Operations.optional(one);
      }
      case '{' -> result = bounded(one);
      default -> {
        return one;
      }
    }
    if (has() && peek() == '?') {
      at++; // lazy or not, the language is the same
    }
    if (has() && "*+?{".indexOf(peek()) >= 0) {
      throw new Unknown();
    }
    return result;
  }

  private Automaton bounded(Automaton one) {
    int end = text.indexOf('}', at);
    if (end < 0) {
      throw new Unknown();
    }
    String[] parts = text.substring(at + 1, end).split(",", -1);
    at = end + 1;
    int min = number(parts[0]);
    if (parts.length == 1) {
      return Operations.repeat(one, min, min);
    }
    if (parts.length != 2) {
      throw new Unknown();
    }
    if (parts[1].isEmpty()) {
      return Operations.repeat(one, min);
    }
    int max = number(parts[1]);
    if (max < min) {
      throw new Unknown();
    }
    return Operations.repeat(one, min, max);
  }

  private static int number(String digits) {
    if (digits.isEmpty()
        || digits.length() > 3
        || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new Unknown();
    }
    int n = Integer.parseInt(digits);
    if (n > MAX_COUNT) {
      throw new Unknown();
    }
    return n;
  }

  private Automaton atom() {
    switch (peek()) {
      case '(' -> {
        at++;
        if (has() && peek() == '?') {
          if (!text.startsWith("?:", at)) {
            throw new Unknown();
          }
          at += 2;
        }
        Automaton inner = alternatives();
        if (!has() || peek() != ')') {
          throw new Unknown();
        }
        at++;
        return inner;
      }
      case '.' -> {
        at++;
        return Automata.makeAnyChar();
      }
      case '[' -> {
        at++;
        return ranges(characterClass());
      }
      case '\\' -> {
        at++;
        return escape();
      }
      case '^', '$', '*', '+', '?', '{', '}', ']' -> throw new Unknown();
      default -> {
        return Automata.makeChar(next());
      }
    }
  }

  private Automaton escape() {
    if (!has()) {
      throw new Unknown();
    }
    List<int[]> set = namedClass(peek());
    if (set != null) {
      at++;
      return ranges(set);
    }
    return Automata.makeChar(escapedCharacter());
  }

  private int escapedCharacter() {
    int c = next();
    if (c < 0x80 && !Character.isLetterOrDigit(c)) {
      return c;
    }
    return switch (c) {
      case 'n' -> '\n';
      case 't' -> '\t';
      case 'r' -> '\r';
      default -> throw new Unknown();
    };
  }

  private static @Nullable List<int[]> namedClass(char c) {
    return switch (c) {
      case 'd' -> List.of(new int[] {'0', '9'});
      case 'w' ->
          List.of(
              new int[] {'0', '9'},
              new int[] {'A', 'Z'},
              new int[] {'_', '_'},
              new int[] {'a', 'z'});
      case 's' -> List.of(new int[] {'\t', '\n'}, new int[] {'\f', '\r'}, new int[] {' ', ' '});
      default -> null;
    };
  }

  private List<int[]> characterClass() {
    boolean negated = has() && peek() == '^';
    if (negated) {
      at++;
    }
    List<int[]> set = new ArrayList<>();
    boolean first = true;
    while (true) {
      if (!has()) {
        throw new Unknown();
      }
      char c = peek();
      if (c == ']' && !first) {
        at++;
        break;
      }
      if (c == '[') {
        throw new Unknown(); // perhaps [:alpha:]
      }
      first = false;
      if (c == '\\') {
        at++;
        if (!has()) {
          throw new Unknown();
        }
        List<int[]> named = namedClass(peek());
        if (named != null) {
          at++;
          set.addAll(named);
          continue;
        }
      }
      int from = c == '\\' ? escapedCharacter() : next();
      int to = from;
      if (at + 1 < text.length() && peek() == '-' && text.charAt(at + 1) != ']') {
        at++;
        if (peek() == '\\') {
          at++;
          to = escapedCharacter();
        } else if (peek() == '[') {
          throw new Unknown();
        } else {
          to = next();
        }
      }
      if (to < from) {
        throw new Unknown();
      }
      set.add(new int[] {from, to});
    }
    return negated ? complement(set) : set;
  }

  private static List<int[]> complement(List<int[]> set) {
    List<int[]> sorted = new ArrayList<>(set);
    sorted.sort((a, b) -> Integer.compare(a[0], b[0]));
    List<int[]> out = new ArrayList<>();
    int from = 0;
    for (int[] range : sorted) {
      if (range[0] > from) {
        out.add(new int[] {from, range[0] - 1});
      }
      from = Math.max(from, range[1] + 1);
    }
    if (from <= Character.MAX_CODE_POINT) {
      out.add(new int[] {from, Character.MAX_CODE_POINT});
    }
    return out;
  }

  private static Automaton ranges(List<int[]> set) {
    List<Automaton> list = new ArrayList<>();
    for (int[] range : set) {
      list.add(Automata.makeCharRange(range[0], range[1]));
    }
    return list.isEmpty() ? Automata.makeEmpty() : Operations.union(list);
  }
}
