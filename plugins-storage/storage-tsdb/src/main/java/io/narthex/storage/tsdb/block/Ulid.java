package io.narthex.storage.tsdb.block;

import java.security.SecureRandom;

/** Makes names of blocks: 48 bits of time and 80 random bits in Crockford's base 32. */
public final class Ulid {
  private static final String DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  private static final int LENGTH = 26;
  private static final int TIME_DIGITS = 10;

  private Ulid() {}

  public static String next(long timeMs, SecureRandom random) {
    char[] text = new char[LENGTH];
    long t = timeMs;
    for (int i = TIME_DIGITS - 1; i >= 0; i--) {
      text[i] = DIGITS.charAt((int) (t & 31));
      t >>>= 5;
    }
    for (int i = TIME_DIGITS; i < LENGTH; i++) {
      text[i] = DIGITS.charAt(random.nextInt(32));
    }
    return new String(text);
  }

  public static boolean isUlid(String name) {
    return name.length() == LENGTH && name.chars().allMatch(c -> DIGITS.indexOf(c) >= 0);
  }
}
