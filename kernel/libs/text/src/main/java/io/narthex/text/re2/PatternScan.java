package io.narthex.text.re2;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads an expression once, in linear time and without building anything, before the library may
 * compile it: counts the instructions its program will have, as Go's {@code regexp/syntax} does,
 * and refuses what Go refuses for its size. Wrong syntax is left to the library, which has the
 * messages; {@link #regular()} returns whether any was found.
 *
 * <p><b>Breaks.</b> The library joins literals character by character and lists of alternatives one
 * by one, each time walking over all there is. {@link #broken()} returns the same expression with
 * empty groups {@code (?:)} in between, so that no run is long and compiling stays linear.
 */
final class PatternScan {
  /** Bytes of an instruction, including its share of the machines that run it. */
  static final int INSTRUCTION_BYTES = 128;

  /** Most copies that nested counted repetitions may make, as in Go. */
  private static final int MAX_REPEAT = 1000;

  private static final int MAX_HEIGHT = 1000;

  /** Go allows 3,355,443; above this one the library takes too long and too much of the heap. */
  private static final long MAX_INSTRUCTIONS =
      Math.min(1 << 19, Runtime.getRuntime().maxMemory() / 16 / INSTRUCTION_BYTES);

  /** Go allows 128 MiB of ranges; a Unicode class has about this many bounds. */
  private static final int UNICODE_CLASS = 1300;

  private static final long MAX_RANGES = 1 << 22;

  /** Two numbers, of which the matcher keeps as many as there are instructions. */
  private static final long GROUP_BYTES = 8;

  /** Go has no limit here, but takes as much memory. */
  private static final long MAX_GROUP_BYTES =
      Math.min(64L << 20, Runtime.getRuntime().maxMemory() / 16);

  /** Most characters of an expression that cannot be broken up, since it is most likely invalid. */
  static final int MAX_IRREGULAR = 2048;

  /** Characters of names and quotations that the library may copy. */
  private static final long MAX_COPIED = 1L << 25;

  /** Characters that may be looked through for the end of a class's name which has none. */
  private static final long MAX_SEARCHED = 1L << 30;

  /** The last character that has another case, for the library. */
  private static final int LAST_FOLDED = 0x1044f;

  /**
   * Characters of ranges whose other cases may be looked up: some hundred of the longest ranges.
   */
  private static final long MAX_FOLDED = 1L << 24;

  private static final int LITERAL_RUN = 256;
  private static final int ALTERNATIVE_RUN = 256;

  /** An open group, or the whole expression. */
  private static final class Frame {
    final boolean capture;
    int runStart; // where the alternatives begin that have no group of their own yet
    int run;
    long alternatives; // size of those that are complete
    int count;
    int height; // of the highest alternative
    int repeat = 1; // most copies any part of it is repeated
    long size; // of the current alternative without its last atom
    int atoms;
    int atomsHeight;
    @Nullable Atom last;

    Frame(boolean capture, int start) {
      this.capture = capture;
      this.runStart = start;
    }

    void add(Atom atom) {
      settle();
      last = atom;
      atoms++;
    }

    void settle() {
      Atom l = last;
      if (l != null) {
        size += l.size;
        atomsHeight = Math.max(atomsHeight, l.height);
        repeat = Math.max(repeat, l.repeat);
        last = null;
      }
    }

    void endAlternative() {
      settle();
      alternatives += Math.max(1, size);
      count++;
      height = Math.max(height, atoms > 1 ? atomsHeight + 1 : Math.max(1, atomsHeight));
      size = 0;
      atoms = 0;
      atomsHeight = 0;
    }
  }

  private static final Pattern COUNT = Pattern.compile("\\{[0-9]+(?:,[0-9]*)?\\}");

  private record Insertion(int place, String text) {}

  private record Atom(long size, int repeat, int height, boolean repeated) {}

  private static final Atom ONE = new Atom(1, 1, 1, false);

  private final String text;
  private final String whole;
  private final Deque<Frame> outer = new ArrayDeque<>();
  private Frame frame = new Frame(false, 0);
  private int at;
  private long groups;
  private boolean regular = true;
  private boolean flags;
  private long ranges;
  private boolean refused; // for a wrong count, which the library reports for certain
  private long copied;
  private long searched;
  private long folded;
  private int literals; // characters in the current run
  private final List<Insertion> insertions = new ArrayList<>();

  private PatternScan(String text, String whole) {
    this.text = text;
    this.whole = whole;
  }

  /**
   * Reads an expression.
   *
   * @param whole the text that errors about the whole expression quote
   * @throws Re2SyntaxException when Go would refuse it as too large
   */
  static PatternScan of(String text, String whole) {
    PatternScan scan = new PatternScan(text, whole);
    scan.read();
    scan.checkGroups();
    if (!scan.regular && text.length() > MAX_IRREGULAR) {
      throw scan.tooLarge(); // the library would take long to report what is missing
    }
    return scan;
  }

  /** Returns whether parentheses, brackets and escapes are complete. */
  boolean regular() {
    return regular;
  }

  /** Returns an estimate of the number of instructions of the program. */
  long instructions() {
    return frame.alternatives + frame.count;
  }

  /** Returns an equivalent expression that compiles in linear time. */
  String broken() {
    if (insertions.isEmpty() || !regular) {
      return text;
    }
    insertions.sort(Comparator.comparingInt(Insertion::place));
    StringBuilder b = new StringBuilder(text.length() + 8 * insertions.size());
    int copied = 0;
    for (Insertion i : insertions) {
      b.append(text, copied, i.place).append(i.text);
      copied = i.place;
    }
    return b.append(text, copied, text.length()).toString();
  }

  private void read() {
    // (?i) and other flags extend over the alternatives that follow
    flags = text.contains("(?") && hasFlags();
    while (at < text.length() && regular) {
      step(text.charAt(at));
    }
    if (!outer.isEmpty()) {
      regular = false;
    }
    frame.endAlternative();
    check(frame.alternatives + frame.count - 1, frame.height + (frame.count > 1 ? 1 : 0));
  }

  private boolean hasFlags() {
    for (int i = text.indexOf("(?"); i >= 0; i = text.indexOf("(?", i + 2)) {
      char c = i + 2 < text.length() ? text.charAt(i + 2) : ':';
      if (c != ':' && c != 'P' && c != '<') {
        return true;
      }
    }
    return false;
  }

  private void step(char c) {
    switch (c) {
      case '(' -> open();
      case ')' -> close();
      case '|' -> bar();
      case '*', '+', '?' -> {
        at++;
        repeat(c, 0, 0);
      }
      case '{' -> counted();
      case '[' -> characterClass();
      case '\\' -> escape();
      case '.', '^', '$' -> {
        at++;
        special(1);
      }
      default -> literal(at, Character.charCount(text.codePointAt(at)));
    }
  }

  private void special(int numbers) {
    literals = 0;
    ranges += numbers;
    frame.add(ONE);
    if (ranges > MAX_RANGES) {
      throw tooLarge();
    }
  }

  private void literal(int from, int length) {
    at = from + length;
    if (++literals > LITERAL_RUN) {
      insert(from, "(?:)");
      literals = 1;
    }
    frame.add(ONE);
  }

  private void open() {
    literals = 0;
    boolean capture = true;
    at++;
    if (at < text.length() && text.charAt(at) == '?') {
      readAhead(at - 1, at + 2);
      capture = false;
      int i = at + 1;
      char c = i < text.length() ? text.charAt(i) : ')';
      if (c == 'P' || c == '<') {
        int end = text.indexOf('>', i);
        if (end < 0) {
          regular = false;
          return;
        }
        readAhead(at - 1, end + 1);
        capture = true;
        i = end;
      } else {
        while (i < text.length() && "imsU-".indexOf(text.charAt(i)) >= 0) {
          i++;
        }
        if (i < text.length() && text.charAt(i) == ')') {
          at = i + 1; // flags for what follows, no group
          return;
        }
        if (i >= text.length() || text.charAt(i) != ':') {
          regular = false;
          return;
        }
      }
      at = i + 1;
    }
    if (outer.size() >= MAX_HEIGHT) {
      throw nestsTooDeeply();
    }
    if (capture) {
      groups++;
    }
    outer.push(frame);
    frame = new Frame(capture, at);
  }

  private void close() {
    literals = 0;
    at++;
    if (outer.isEmpty()) {
      regular = false;
      return;
    }
    Frame done = frame;
    done.endAlternative();
    frame = outer.pop();
    long size = done.alternatives + done.count - 1 + (done.capture ? 2 : 0);
    int height = done.height + (done.count > 1 ? 1 : 0) + (done.capture ? 1 : 0);
    check(size, height);
    frame.add(new Atom(size, done.repeat, height, false));
  }

  private void bar() {
    literals = 0;
    frame.endAlternative();
    check(frame.alternatives, frame.height);
    int end = at++;
    if (!flags && ++frame.run == ALTERNATIVE_RUN) {
      insert(frame.runStart, "(?:");
      insert(end, ")(?:)"); // the empty group keeps the library from joining the lists again
      frame.run = 0;
      frame.runStart = at;
    }
  }

  /** Reads <code>{n}</code>, <code>{n,}</code> or <code>{n,m}</code>; else a brace is a literal. */
  private void counted() {
    int begin = at;
    int i = at + 1;
    int digits = i;
    long least = 0;
    while (i < text.length() && isDigit(text.charAt(i))) {
      least = Math.min(10_000, least * 10 + text.charAt(i++) - '0');
    }
    long most = least;
    boolean is = isNumber(digits, i);
    if (is && i < text.length() && text.charAt(i) == ',') {
      digits = ++i;
      most = 0;
      while (i < text.length() && isDigit(text.charAt(i))) {
        most = Math.min(10_000, most * 10 + text.charAt(i++) - '0');
      }
      if (i == digits) {
        most = -1;
      } else {
        is = isNumber(digits, i);
      }
    }
    if (!is || i >= text.length() || text.charAt(i) != '}') {
      literal(begin, 1);
      return;
    }
    at = i + 1;
    if (least > MAX_REPEAT || most > MAX_REPEAT || (most >= 0 && most < least)) {
      regular = false; // an error that the library knows
      refused = true;
      return;
    }
    int begun = repeat('{', (int) least, (int) most);
    Atom a = frame.last;
    if (a != null && a.repeat > MAX_REPEAT && (least >= 2 || most >= 2)) {
      throw new Re2SyntaxException(
          "error parsing regexp: invalid repeat count: `" + text.substring(begin, begun) + "`");
    }
  }

  /** Applies an operator to the last atom; returns where it ends. */
  private int repeat(char op, int least, int most) {
    literals = 0;
    if (at < text.length() && text.charAt(at) == '?') {
      at++;
    }
    Atom a = frame.last;
    if (a == null || a.repeated) {
      regular = false; // nothing to repeat, or repeated already
      return at;
    }
    long size;
    int repeat = a.repeat;
    if (op == '*') {
      size = 2 + a.size;
    } else if (op != '{') {
      size = 1 + a.size;
    } else if (most < 0) {
      size = least == 0 ? 2 + a.size : 1 + least * a.size;
      repeat *= Math.max(1, least);
    } else {
      size = most * a.size + most - least;
      repeat = most == 0 ? 1 : repeat * most;
    }
    frame.last = new Atom(Math.max(1, size), repeat, a.height + 1, true);
    if (repeat <= MAX_REPEAT) {
      check(size, a.height + 1);
    }
    return at;
  }

  private void characterClass() {
    int i = at + 1;
    if (i < text.length() && text.charAt(i) == '^') {
      i++;
    }
    int numbers = 2;
    boolean first = true;
    while (i < text.length() && (first || text.charAt(i) != ']')) {
      first = false;
      char c = text.charAt(i);
      if (c == '[' && i + 1 < text.length() && text.charAt(i + 1) == ':') {
        int end = text.indexOf(":]", i + 2);
        if (end < 0) {
          search(i);
        }
        readAhead(i, end < 0 ? i + 2 : end + 2);
        i = end < 0 ? i + 1 : end + 2;
      } else if (c == '\\') {
        if (i + 1 < text.length() && "pP".indexOf(text.charAt(i + 1)) >= 0) {
          numbers += UNICODE_CLASS;
          if (i + 2 < text.length() && text.charAt(i + 2) == '{') {
            int end = text.indexOf('}', i + 3);
            readAhead(i + 3, end < 0 ? text.length() : end);
          }
        }
        i += 2;
      } else {
        if (flags && c == '-') {
          numbers += foldedNumbers(i);
        }
        i++;
      }
      numbers += 2;
    }
    if (i >= text.length()) {
      regular = false;
      return;
    }
    at = i + 1;
    special(numbers);
  }

  /** Counts the characters of a range: with (?i) the library looks each one's other case up. */
  private int foldedNumbers(int dash) {
    boolean plain =
        text.charAt(dash - 1) < 0x80
            && dash + 1 < text.length()
            && text.charAt(dash + 1) < 0x80
            && text.charAt(dash + 1) != '\\';
    if (plain) {
      return 0;
    }
    int from = text.codePointBefore(dash);
    int to = dash + 1 < text.length() ? text.codePointAt(dash + 1) : from;
    int span = to == '\\' ? LAST_FOLDED : Math.min(to, LAST_FOLDED) - Math.min(from, LAST_FOLDED);
    folded += Math.max(0, span);
    if (folded > MAX_FOLDED) {
      throw tooLarge();
    }
    return Math.min(UNICODE_CLASS, Math.max(0, span));
  }

  private void escape() {
    if (at + 1 >= text.length()) {
      regular = false;
      return;
    }
    char c = text.charAt(at + 1);
    switch (c) {
      case 'Q' -> quoted();
      case 'p', 'P' -> {
        int end = at + 2;
        if (end < text.length() && text.charAt(end) == '{') {
          end = text.indexOf('}', end);
          if (end < 0) {
            regular = false;
            return;
          }
          readAhead(at, end);
        }
        at = Math.min(text.length(), end + 1);
        special(UNICODE_CLASS);
      }
      case 'x' -> {
        int end = at + 2;
        if (end < text.length() && text.charAt(end) == '{') {
          end = text.indexOf('}', end);
          if (end < 0) {
            regular = false;
            return;
          }
          end++;
        } else {
          end = Math.min(text.length(), end + 2);
        }
        literal(at, end - at);
      }
      default -> {
        if (isDigit(c) || "dDsSwWbBAzC".indexOf(c) >= 0) {
          at += 2;
          while (isDigit(c) && at < text.length() && isDigit(text.charAt(at))) {
            at++;
          }
          special(8);
        } else {
          literal(at, 1 + Character.charCount(text.codePointAt(at + 1)));
        }
      }
    }
  }

  private void quoted() {
    int i = at + 2;
    int end = text.indexOf("\\E", i);
    boolean open = end < 0;
    if (open) {
      end = text.length();
    }
    readAhead(at, end);
    while (i < end) {
      int n = Character.charCount(text.codePointAt(i));
      if (++literals > LITERAL_RUN) {
        insert(i, "\\E(?:)\\Q");
        literals = 1;
      }
      frame.add(ONE);
      i += n;
    }
    at = open ? end : end + 2;
    if (open) {
      regular = false; // valid alone, but would take in what is inserted after it
    }
  }

  /** Counts what the library copies there; after a backslash and a letter it may read further. */
  private void readAhead(int from, int end) {
    boolean doubtful =
        text.startsWith("\\Q", from - 2)
            || text.startsWith("\\p{", from - 3)
            || text.startsWith("\\P{", from - 3);
    copied += (doubtful ? text.length() : end) - from;
    if (copied > MAX_COPIED) {
      throw tooLarge();
    }
  }

  private void search(int from) {
    searched += text.length() - from;
    if (searched > MAX_SEARCHED) {
      throw tooLarge();
    }
  }

  /** Returns whether digits are a count; with a leading zero they are not. */
  private boolean isNumber(int from, int to) {
    return to > from && (to == from + 1 || text.charAt(from) != '0');
  }

  /**
   * Refuses an expression whose syntax looks wrong from here but not to the library: what it costs
   * is unknown then. Only counts make much out of little, so it is tried without them.
   */
  void checkWrong() {
    if (regular || refused) {
      return;
    }
    try {
      Pattern unused = Pattern.compile(COUNT.matcher(text).replaceAll("{1}"));
    } catch (PatternSyntaxException | StackOverflowError e) {
      return; // as expected; the library will report it for the expression itself
    }
    throw tooLarge();
  }

  private void insert(int place, String what) {
    insertions.add(new Insertion(place, what));
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private void check(long size, int height) {
    if (size > MAX_INSTRUCTIONS) {
      throw tooLarge();
    }
    if (height > MAX_HEIGHT) {
      throw nestsTooDeeply();
    }
  }

  /**
   * Refuses an expression with very many groups that need not be read otherwise.
   *
   * @throws Re2SyntaxException when its groups would take too much memory
   */
  static void checkGroups(String text) {
    long opened = 0;
    for (int i = text.indexOf('('); i >= 0; i = text.indexOf('(', i + 1)) {
      opened += text.startsWith("(?:", i) ? 0 : 1;
    }
    if (opened * text.length() * GROUP_BYTES > MAX_GROUP_BYTES) {
      throw new PatternScan(text, text).tooLarge();
    }
  }

  /**
   * Refuses what would store the positions of very many groups for each of very many instructions.
   */
  private void checkGroups() {
    if (instructions() * (groups + 1) * GROUP_BYTES > MAX_GROUP_BYTES) {
      throw tooLarge();
    }
  }

  private Re2SyntaxException tooLarge() {
    return new Re2SyntaxException(
        "error parsing regexp: expression too large: `" + excerpt(whole) + "`");
  }

  private Re2SyntaxException nestsTooDeeply() {
    return new Re2SyntaxException(
        "error parsing regexp: expression nests too deeply: `" + excerpt(whole) + "`");
  }

  /** Returns the text, cut when it is too long for a message. */
  static String excerpt(String text) {
    return text.length() <= 512 ? text : text.substring(0, 512) + "…";
  }
}
