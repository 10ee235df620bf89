package io.narthex.bench.hostile;

import io.narthex.bench.hostile.Target.Pair;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/** What inputs are made of, and what readers of inputs share. */
final class Parts {
  static final String[] REGEX_BOMBS = {
    "(((a{1000}){1000}){1000}){1000}",
    "(a{1000}){1000}",
    "((a{100}){100}){100}",
    "a{1000}",
    "(?:(?:a?){500}){500}",
    "(.*)*",
    "(.*){1000}",
    "(a+)+$",
    "(?i)",
    "[^",
    "\\pL{1000}",
    "(x|",
    "\\Q",
    "|a"
  };
  static final Pair BRACES = new Pair("{", "}");
  static final Pair PARENTHESES = new Pair("(", ")");
  static final Pair BRACKETS = new Pair("[", "]");
  static final Pair QUOTES = new Pair("\"", "\"");

  static volatile int sink; // what is read is used

  private Parts() {}

  static String string(byte[] input) {
    return new String(input, StandardCharsets.UTF_8);
  }

  /** Chooses one of some ways to read an input; always the same one for the same input. */
  static int turn(byte[] input, int ways) {
    return Math.floorMod(Arrays.hashCode(input), ways);
  }

  static List<byte[]> words(String[] some, String... more) {
    List<byte[]> out = Corpus.texts(some);
    out.addAll(Corpus.texts(more));
    return out;
  }

  /**
   * Accepts an IllegalArgumentException or Re2SyntaxException as a refusal; throws others, such as
   * a NumberFormatException.
   */
  static void refusedOrThrown(IllegalArgumentException e) {
    String type = e.getClass().getSimpleName();
    if (e.getClass() != IllegalArgumentException.class && !type.equals("Re2SyntaxException")) {
      throw e;
    }
  }

  static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  /** Returns so many parts one behind the other, in falling order. */
  static byte[] repeated(int times, IntFunction<byte[]> part) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = times; i > 0 && out.size() <= 2 * Mutator.LONGEST; i--) {
      out.writeBytes(part.apply(i));
    }
    return out.toByteArray();
  }

  /** Returns a text with so many parts in falling order. */
  static byte[] counted(int times, String head, IntFunction<String> part, String end) {
    return joined(
        head.getBytes(StandardCharsets.UTF_8),
        repeated(times, i -> part.apply(i).getBytes(StandardCharsets.UTF_8)),
        end.getBytes(StandardCharsets.UTF_8));
  }

  static byte[] real(int field, double value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    varint(out, (long) field << 3 | 1);
    long bits = Long.reverseBytes(Double.doubleToRawLongBits(value));
    for (int shift = 56; shift >= 0; shift -= 8) {
      out.write((int) (bits >>> shift));
    }
    return out.toByteArray();
  }

  /**
   * Pieces of protobuf: tags of all kinds, numbers at the edges, packed lists, announced lengths.
   */
  static List<byte[]> wire() {
    List<byte[]> out = new ArrayList<>();
    for (int field = 1; field < 20; field++) {
      for (int type : new int[] {0, 1, 2, 5}) {
        ByteArrayOutputStream piece = new ByteArrayOutputStream();
        varint(piece, (long) field << 3 | type);
        switch (type) {
          case 0 -> varint(piece, -1);
          case 1 -> piece.writeBytes(new byte[] {0, 0, 0, 0, 0, 0, (byte) 0xf8, 0x7f});
          case 2 -> piece.writeBytes(new byte[] {2, 8, 1});
          default -> piece.writeBytes(new byte[] {0, 0, 0, 0});
        }
        out.add(piece.toByteArray());
      }
      out.add(packed(field, 2_000));
      ByteArrayOutputStream lie = new ByteArrayOutputStream();
      varint(lie, (long) field << 3 | 2);
      varint(lie, Integer.MAX_VALUE);
      out.add(lie.toByteArray());
    }
    return out;
  }

  static byte[] packed(int field, int length) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    varint(out, (long) field << 3 | 2);
    varint(out, length);
    byte[] ones = new byte[length];
    Arrays.fill(ones, (byte) 2);
    out.writeBytes(ones);
    return out.toByteArray();
  }

  static void varint(ByteArrayOutputStream out, long value) {
    long left = value;
    while ((left & ~0x7fL) != 0) {
      out.write((int) (left & 0x7f | 0x80));
      left >>>= 7;
    }
    out.write((int) left);
  }

  static byte[] message(int field, byte[]... parts) {
    ByteArrayOutputStream inner = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      inner.writeBytes(part);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    varint(out, (long) field << 3 | 2);
    varint(out, inner.size());
    out.writeBytes(inner.toByteArray());
    return out.toByteArray();
  }

  static byte[] number(int field, long value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    varint(out, (long) field << 3);
    varint(out, value);
    return out.toByteArray();
  }

  static byte[] text(int field, String text) {
    return message(field, text.getBytes(StandardCharsets.UTF_8));
  }
}
