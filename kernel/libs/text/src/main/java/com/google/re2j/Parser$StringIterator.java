package com.google.re2j;

/**
 * Replaces the library's class of this name, which copies the rest of the expression at each group,
 * escape and character of a class: gigabytes for an expression of 64 KiB. This one is first in the
 * bundle's class path and copies only what the library's parser reads. {@code Re2Test} fails when
 * the library's parser does not use it.
 */
final class Parser$StringIterator {
  private final String text;
  private int at;

  Parser$StringIterator(String text) {
    this.text = text;
  }

  int pos() {
    return at;
  }

  void rewindTo(int position) {
    at = position;
  }

  boolean more() {
    return at < text.length();
  }

  int peek() {
    return text.codePointAt(at);
  }

  int pop() {
    int point = peek();
    at += Character.charCount(point);
    return point;
  }

  void skip(int chars) {
    at += chars;
  }

  void skipString(String known) {
    skip(known.length());
  }

  boolean lookingAt(char c) {
    return text.charAt(at) == c;
  }

  boolean lookingAt(String some) {
    return text.startsWith(some, at);
  }

  String from(int begin) {
    return text.substring(begin, at);
  }

  /** Returns what follows, at least as far as any caller reads it. */
  String rest() {
    return text.substring(at, end(text, at));
  }

  /**
   * Returns how far the parser reads ahead from a position: to the end of the name after the start
   * of a group, to the end of a class name or of a quotation. The preceding characters say which;
   * where both are possible, the longer one counts.
   */
  static int end(String text, int at) {
    int end = -1;
    if (text.startsWith("(?", at)) {
      boolean named = text.startsWith("P<", at + 2) || text.startsWith("<", at + 2);
      end = named ? after(text, ">", at) : Math.min(text.length(), at + 3);
    } else if (text.startsWith("[:", at)) {
      int close =
          text.indexOf(":]", at + 2); // not the same colon: [[:] is a class of two, as in Go
      end = close < 0 ? at + 2 : close + 2;
    }
    if (preceded(text, "\\Q", at)) {
      end = Math.max(end, after(text, "\\E", at));
    } else if (preceded(text, "\\p{", at) || preceded(text, "\\P{", at)) {
      end = Math.max(end, after(text, "}", at));
    }
    return end < 0 ? text.length() : end;
  }

  private static boolean preceded(String text, String by, int at) {
    return text.startsWith(by, at - by.length());
  }

  private static int after(String text, String mark, int from) {
    int found = text.indexOf(mark, from);
    return found < 0 ? text.length() : found + mark.length();
  }

  @Override
  public String toString() {
    return text.substring(at);
  }
}
