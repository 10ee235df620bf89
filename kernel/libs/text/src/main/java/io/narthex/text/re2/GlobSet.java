package io.narthex.text.re2;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Simple expressions: alternatives of literals with gaps ({@code .*}, {@code .+}) between them.
 *
 * <p>A glob is a list {@code literal, gap, literal, gap, …, literal}; a gap is the least number of
 * characters it covers. Leftmost matching of the inner literals is enough, because a gap may be of
 * any greater length.
 */
final class GlobSet {
  /** Most alternatives that combining may produce; those written one by one do not count. */
  private static final int MAX_COMBINED = 1024;

  /** Deepest nesting of groups that is read. */
  private static final int MAX_DEPTH = 64;

  /** Characters that combining may copy, in addition to those of an expression of usual length. */
  private static final long COPIES = 1 << 18;

  /**
   * One alternative.
   *
   * @param literals one more than gaps
   * @param gaps least length of each gap
   */
  private record Glob(List<String> literals, List<Integer> gaps) {
    static final Glob EMPTY = new Glob(List.of(""), List.of());

    boolean isLiteral() {
      return gaps.isEmpty();
    }

    /** Returns an estimate of its characters. */
    int size() {
      int n = 4;
      for (int i = 0; i < literals.size(); i++) {
        n += 4 + literals.get(i).length();
      }
      return n;
    }

    Glob append(Glob next) {
      if (isLiteral() && next.isLiteral()) {
        return new Glob(List.of(literals.get(0) + next.literals.get(0)), List.of());
      }
      List<String> l = new ArrayList<>(literals);
      List<Integer> g = new ArrayList<>(gaps);
      String joint = l.removeLast() + next.literals.get(0);
      l.add(joint);
      l.addAll(next.literals.subList(1, next.literals.size()));
      g.addAll(next.gaps);
      // two gaps with nothing between are one
      for (int i = g.size() - 1; i > 0; i--) {
        if (l.get(i).isEmpty()) {
          g.set(i - 1, g.get(i - 1) + g.get(i));
          g.remove(i);
          l.remove(i);
        }
      }
      return new Glob(List.copyOf(l), List.copyOf(g));
    }

    boolean matches(String text) {
      String first = literals.get(0);
      if (gaps.isEmpty()) {
        return text.equals(first);
      }
      String last = literals.getLast();
      int end = text.length() - last.length();
      if (!text.startsWith(first) || end < first.length() || !text.endsWith(last)) {
        return false;
      }
      int at = first.length();
      for (int i = 1; i < literals.size() - 1; i++) {
        String literal = literals.get(i);
        int found = text.indexOf(literal, at + gaps.get(i - 1));
        if (found < 0) {
          return false;
        }
        at = found + literal.length();
      }
      return at + gaps.getLast() <= end;
    }
  }

  private final List<Glob> globs;
  private final @Nullable Set<String> literals;
  private final String prefix;

  private GlobSet(List<Glob> globs) {
    this.globs = globs;
    boolean allLiteral = globs.stream().allMatch(Glob::isLiteral);
    Set<String> set = new LinkedHashSet<>();
    String common = globs.get(0).literals.get(0);
    for (Glob g : globs) {
      set.add(g.literals.get(0));
      common = commonPrefix(common, g.literals.get(0));
    }
    this.literals = allLiteral ? Collections.unmodifiableSet(set) : null; // in order
    this.prefix = common;
  }

  /** Returns the longest common prefix that ends at a character boundary. */
  private static String commonPrefix(String a, String b) {
    int n = 0;
    while (n < a.length() && n < b.length() && a.charAt(n) == b.charAt(n)) {
      n++;
    }
    boolean cut = n > 0 && Character.isHighSurrogate(a.charAt(n - 1));
    return a.substring(0, cut ? n - 1 : n);
  }

  /** Returns the simple form of an expression, or null when it has none. */
  static @Nullable GlobSet of(String pattern) {
    List<Glob> globs = new Reader(pattern).whole();
    return globs == null || globs.isEmpty() ? null : new GlobSet(List.copyOf(globs));
  }

  boolean matches(String text) {
    if (literals != null) {
      return literals.contains(text);
    }
    for (int i = 0; i < globs.size(); i++) {
      if (globs.get(i).matches(text)) {
        return true;
      }
    }
    return false;
  }

  @Nullable Set<String> literals() {
    return literals;
  }

  /** Returns an estimate of the bytes of the set. */
  long bytes() {
    long n = 64;
    for (int i = 0; i < globs.size(); i++) {
      n += 96 + 2L * globs.get(i).size();
    }
    return n;
  }

  String prefix() {
    return prefix;
  }

  boolean matchesAll() {
    return globs.size() == 1
        && globs.get(0).gaps.equals(List.of(0))
        && globs.get(0).literals.equals(List.of("", ""));
  }

  /** Parses the simple subset of the syntax; returns null at the first construct outside of it. */
  private static final class Reader {
    private final String text;
    private int at;
    private int depth;

    /** Characters that may still be copied; keeps the work linear. */
    private long copies;

    Reader(String text) {
      this.text = text;
      this.copies = COPIES + 8L * text.length();
    }

    @Nullable List<Glob> whole() {
      List<Glob> all = alternatives(true);
      return all != null && at == text.length() ? all : null;
    }

    private @Nullable List<Glob> alternatives(boolean top) {
      List<Glob> all = new ArrayList<>();
      while (true) {
        List<Glob> one = sequence(top);
        if (one == null) {
          return null;
        }
        all.addAll(one);
        if (at < text.length() && text.charAt(at) == '|') {
          at++;
        } else {
          return all;
        }
      }
    }

    private @Nullable List<Glob> sequence(boolean top) {
      List<Glob> done = List.of(Glob.EMPTY);
      if (top && at < text.length() && text.charAt(at) == '^') {
        at++;
      }
      while (at < text.length()) {
        char c = text.charAt(at);
        if (c == '|' || c == ')') {
          break;
        }
        if (top && c == '$' && (at + 1 == text.length() || text.charAt(at + 1) == '|')) {
          at++;
          break;
        }
        List<Glob> item = item(c);
        item = item == null ? null : optional(item);
        if (item == null || !mayCombine(done, item)) {
          return null;
        }
        if (done.size() == 1 && done.get(0) == Glob.EMPTY) {
          done = item;
          continue;
        }
        List<Glob> next = new ArrayList<>(done.size() * item.size());
        for (Glob a : done) {
          for (Glob b : item) {
            next.add(a.append(b));
          }
        }
        done = next;
      }
      return done;
    }

    private boolean mayCombine(List<Glob> a, List<Glob> b) {
      if (a.size() == 1 && a.get(0) == Glob.EMPTY) {
        return true;
      }
      long count = (long) a.size() * b.size();
      if (count > MAX_COMBINED && a.size() > 1 && b.size() > 1) {
        return false;
      }
      for (Glob g : a) {
        copies -= (long) g.size() * b.size();
      }
      for (Glob g : b) {
        copies -= (long) g.size() * a.size();
      }
      return copies >= 0;
    }

    private @Nullable List<Glob> item(char c) {
      switch (c) {
        case '(' -> {
          if (++depth > MAX_DEPTH) {
            return null;
          }
          at++;
          if (text.startsWith("?:", at)) {
            at += 2;
          } else if (at < text.length() && text.charAt(at) == '?') {
            return null;
          }
          List<Glob> inner = alternatives(false);
          if (inner == null || at >= text.length() || text.charAt(at) != ')') {
            return null;
          }
          at++;
          depth--;
          return inner;
        }
        case '.' -> {
          at++;
          if (at >= text.length() || (text.charAt(at) != '*' && text.charAt(at) != '+')) {
            return null;
          }
          int least = text.charAt(at++) == '+' ? 1 : 0;
          if (at < text.length() && text.charAt(at) == '?') {
            at++; // lazy or greedy makes no difference for a match of the whole text
          }
          return List.of(new Glob(List.of("", ""), List.of(least)));
        }
        case '[' -> {
          return characterClass();
        }
        case '\\' -> {
          if (at + 1 >= text.length() || !isPunctuation(text.charAt(at + 1))) {
            return null;
          }
          at += 2;
          return literal(text.substring(at - 1, at));
        }
        case '*', '+', '?', '{', '}', ']', '^', '$' -> {
          return null;
        }
        default -> {
          return run();
        }
      }
    }

    /** Reads plain characters, except the last one when an operator follows it. */
    private List<Glob> run() {
      int start = at;
      int last = at;
      while (at < text.length() && "\\.+*?()|[]{}^$".indexOf(text.charAt(at)) < 0) {
        last = at;
        at += Character.charCount(text.codePointAt(at));
      }
      if (last > start && at < text.length() && "*+?{".indexOf(text.charAt(at)) >= 0) {
        at = last;
      }
      return literal(text.substring(start, at));
    }

    private static List<Glob> literal(String s) {
      return List.of(new Glob(List.of(s), List.of()));
    }

    /** Reads {@code [abc0-9]} of plain ASCII letters and digits. */
    private @Nullable List<Glob> characterClass() {
      at++;
      Set<Character> chars = new HashSet<>();
      while (at < text.length() && text.charAt(at) != ']') {
        char from = text.charAt(at++);
        char to = from;
        if (at + 1 < text.length() && text.charAt(at) == '-') {
          to = text.charAt(at + 1);
          at += 2;
        }
        if (!isWord(from) || !isWord(to) || to < from) {
          return null;
        }
        for (int c = from; c <= to; c++) {
          chars.add((char) c);
        }
      }
      if (at >= text.length() || chars.isEmpty() || chars.size() > 16) {
        return null;
      }
      at++;
      List<Glob> all = new ArrayList<>();
      chars.stream().sorted().forEach(c -> all.addAll(literal(String.valueOf(c))));
      return all;
    }

    /** Applies a following {@code ?}; any other repetition is not simple. */
    private @Nullable List<Glob> optional(List<Glob> item) {
      if (at >= text.length()) {
        return item;
      }
      char c = text.charAt(at);
      if (c == '*' || c == '+' || c == '{') {
        return null;
      }
      if (c != '?') {
        return item;
      }
      at++;
      if (at < text.length() && "?*+{".indexOf(text.charAt(at)) >= 0) {
        return null;
      }
      List<Glob> all = new ArrayList<>(item);
      all.add(Glob.EMPTY);
      return all;
    }

    private static boolean isWord(char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    }

    private static boolean isPunctuation(char c) {
      return c > 0x20 && c < 0x7f && !isWord(c);
    }
  }
}
