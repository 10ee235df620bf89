package io.narthex.exposition;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Iterates over the fields of a protobuf message and of nested messages without creating objects.
 * Fields of another wire type than the caller reads are refused, as Go's generated code does. Not
 * thread-safe.
 */
public final class ProtobufWire {
  /** Thrown when a message violates the wire format. */
  public static final class Broken extends Exception {
    private static final long serialVersionUID = 1;

    /** Creates one without a stack trace: bad messages come by the thousand. */
    public Broken(String message) {
      super(message, null, false, false);
    }
  }

  private static final VarHandle LITTLE_ENDIAN =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /**
   * One bit for each accepted wire type: integers, 8 bytes, length-delimited, 4 bytes; no groups.
   */
  private static final int WIRE_TYPES = 0b100111;

  private final byte[] b;
  int at;
  int end;
  int field;
  int wire;

  /** Creates a reader of the message in {@code [from, to)}; the array stays the caller's. */
  public ProtobufWire(byte[] b, int from, int to) {
    this.b = b;
    this.at = from;
    this.end = to;
  }

  /** Returns the number of the current field. */
  public int field() {
    return field;
  }

  /** Returns the position in the array of the next byte. */
  public int position() {
    return at;
  }

  /** Moves to the next field, whose content must be read or skipped; returns false at the end. */
  public boolean next() throws Broken {
    if (at >= end) {
      return false;
    }
    long tag = varint();
    field = (int) (tag >>> 3);
    wire = (int) (tag & 7);
    if (field <= 0) {
      throw new Broken("illegal tag");
    }
    if ((WIRE_TYPES >> wire & 1) == 0) {
      throw new Broken("illegal wire type " + wire);
    }
    return true;
  }

  /** Returns whether the current field is length-delimited, for example packed numbers. */
  public boolean isPacked() {
    return wire == 2;
  }

  /** Reads a number of the packed numbers that were entered. */
  public long varint() throws Broken {
    if (at < end && b[at] >= 0) { // tags, lengths and most counts
      return b[at++];
    }
    return longVarint();
  }

  private long longVarint() throws Broken {
    long v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at >= end) {
        throw new Broken("unexpected EOF");
      }
      byte x = b[at++];
      v |= (long) (x & 0x7f) << shift;
      if (x >= 0) {
        return v;
      }
    }
    throw new Broken("varint too long");
  }

  /** Decodes a zigzag number. */
  public static long zigZag(long v) {
    return v >>> 1 ^ -(v & 1);
  }

  /** Returns an unsigned 64-bit number as a double. */
  public static double unsigned(long v) {
    return v >= 0 ? v : (v >>> 11) * 2048.0;
  }

  /** Reads an integer field. */
  public long number() throws Broken {
    if (wire != 0) {
      throw new Broken("field " + field + " is not an integer");
    }
    return varint();
  }

  /** Reads a double field. */
  public double real() throws Broken {
    if (wire != 1) {
      throw new Broken("field " + field + " is not a double");
    }
    return rawReal();
  }

  /** Reads a double of the packed numbers that were entered. */
  public double packedReal() throws Broken {
    return rawReal();
  }

  double rawReal() throws Broken {
    if (end - at < 8) {
      throw new Broken("unexpected EOF");
    }
    long bits = (long) LITTLE_ENDIAN.get(b, at);
    at += 8;
    return Double.longBitsToDouble(bits);
  }

  private int length() throws Broken {
    if (wire != 2) {
      throw new Broken("field " + field + " is not length-delimited");
    }
    long n = varint();
    if (n < 0 || n > end - at) {
      throw new Broken("unexpected EOF");
    }
    return (int) n;
  }

  /** Reads a length-delimited field and returns start and end of its content. */
  int[] range() throws Broken {
    int n = length();
    int[] r = {at, at + n};
    at = r[1];
    return r;
  }

  /**
   * Enters a length-delimited field, so that {@link #next} iterates over its content.
   *
   * @return the argument for {@link #leave}
   */
  public int enter() throws Broken {
    int outer = end;
    int n = length();
    end = at + n;
    return outer;
  }

  /**
   * Enters a message that has its length in front and no field number, as the messages of a stream.
   *
   * @return the argument for {@link #leave}
   */
  public int enterPrefixed() throws Broken {
    wire = 2;
    return enter();
  }

  /** Leaves a field that was entered; the rest of it is skipped. */
  public void leave(int outer) {
    at = end;
    end = outer;
  }

  /** Returns whether the message or entered field has more bytes. */
  public boolean more() {
    return at < end;
  }

  String text() throws Broken {
    String text = textOrNull();
    if (text == null) {
      throw new Broken("field " + field + " is not valid UTF-8");
    }
    return text;
  }

  /** Reads a string; null when it is not UTF-8. */
  public @Nullable String textOrNull() throws Broken {
    int n = length();
    int start = at;
    at += n;
    String text = new String(b, start, n, StandardCharsets.UTF_8);
    // only invalid bytes become this character, unless it was in the input
    return text.indexOf('\uFFFD') < 0 || Utf8.isValid(b, start, at) ? text : null;
  }

  /** Returns whether {@code [start, end)} is well-formed UTF-8. */
  public static boolean isUtf8(byte[] b, int start, int end) {
    return Utf8.isValid(b, start, end);
  }

  /** Skips the content of the current field. */
  public void skip() throws Broken {
    switch (wire) {
      case 0 -> varint();
      case 1 -> pass(8);
      case 2 -> pass(length());
      default -> pass(4); // 5: next() refuses all others
    }
  }

  private void pass(int bytes) throws Broken {
    if (bytes > end - at) {
      throw new Broken("unexpected EOF");
    }
    at += bytes;
  }
}
