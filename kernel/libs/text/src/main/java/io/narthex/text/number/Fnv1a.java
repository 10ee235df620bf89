package io.narthex.text.number;

import java.nio.charset.StandardCharsets;

/** The hash FNV-1a of 64 bits. */
public final class Fnv1a {
  /** The hash of the empty string, the value to start with. */
  public static final long EMPTY = 0xcbf29ce484222325L;

  private static final long PRIME = 0x100000001b3L;

  private Fnv1a() {}

  /** Returns the hash of a string in UTF-8. */
  public static long of(String text) {
    return add(EMPTY, text);
  }

  /** Returns the hash of what {@code hash} covers followed by a string in UTF-8. */
  public static long add(long hash, String text) {
    long h = hash;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      h = add(h, b);
    }
    return h;
  }

  /** Returns the hash of what {@code hash} covers followed by a byte. */
  public static long add(long hash, byte next) {
    return (hash ^ (next & 0xff)) * PRIME;
  }
}
