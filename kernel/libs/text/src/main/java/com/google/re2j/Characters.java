package com.google.re2j;

/**
 * Replaces the library's class of this name, as {@code Parser$StringIterator} does. The library
 * walks the cycle of characters that differ only in case until it is back at the first. Its table
 * of cycles with three or more characters is older than the JVM's, so for nine Cyrillic letters of
 * Unicode 9 it never returned: {@code (?i)} with one of them, or with a range that contains one,
 * looped forever. Here the capital leads to the small letter, from there to the variants in order,
 * and the last one back to the capital, as in Go.
 */
final class Characters {
  /** Small letter and its variants in ascending order. */
  private static final int[][] ROUNDS = {
    {0x0432, 0x1c80},
    {0x0434, 0x1c81},
    {0x043e, 0x1c82},
    {0x0441, 0x1c83},
    {0x0442, 0x1c84, 0x1c85},
    {0x044a, 0x1c86},
    {0x0463, 0x1c87},
    {0xa64b, 0x1c88}
  };

  private Characters() {}

  /** Returns the next character of the cycle unless {@code c} is a small letter. */
  static int toLowerCase(int c) {
    if (c >= 0x1c80 && c <= 0x1c88) {
      return next(c);
    }
    return Character.toLowerCase(c);
  }

  /** Called only for small letters. */
  static int toUpperCase(int c) {
    if (c >= 0x0432 && c <= 0x0463 || c == 0xa64b) {
      return next(c);
    }
    return Character.toUpperCase(c);
  }

  private static int next(int c) {
    for (int[] round : ROUNDS) {
      for (int i = 0; i < round.length; i++) {
        if (round[i] == c) {
          return i + 1 < round.length ? round[i + 1] : Character.toUpperCase(round[0]);
        }
      }
    }
    return Character.toUpperCase(c);
  }
}
