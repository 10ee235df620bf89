package io.narthex.bench.push;

import java.util.Arrays;

/** Spoils bodies by a byte or two. Not thread-safe. */
public final class Mutations {
  private static final String CHOSEN = "{}\"\\,=# \t\n\r\000_:019.-+eaZ\377\303\342";

  private final Dice dice;

  public Mutations(Dice dice) {
    this.dice = dice;
  }

  /** Returns a copy with one or two bytes inserted, deleted or replaced. */
  public byte[] spoil(byte[] body) {
    byte[] bytes = body;
    int times = 1 + dice.below(2);
    for (int i = 0; i < times && bytes.length > 0; i++) {
      int at = dice.below(bytes.length);
      byte other =
          (byte) (dice.percent(80) ? CHOSEN.charAt(dice.below(CHOSEN.length())) : dice.below(256));
      bytes =
          switch (dice.below(3)) {
            case 0 -> joined(bytes, at, other, at);
            case 1 -> joined(bytes, at, other, at + 1);
            default -> without(bytes, at);
          };
    }
    return bytes;
  }

  /** Returns the first bytes of a body. */
  public byte[] cut(byte[] body) {
    return Arrays.copyOf(body, dice.below(body.length + 1));
  }

  private static byte[] joined(byte[] bytes, int end, byte other, int next) {
    byte[] out = new byte[end + 1 + bytes.length - next];
    System.arraycopy(bytes, 0, out, 0, end);
    out[end] = other;
    System.arraycopy(bytes, next, out, end + 1, bytes.length - next);
    return out;
  }

  private static byte[] without(byte[] bytes, int at) {
    byte[] out = new byte[bytes.length - 1];
    System.arraycopy(bytes, 0, out, 0, at);
    System.arraycopy(bytes, at + 1, out, at, out.length - at);
    return out;
  }
}
