package io.narthex.format.exposition;

import java.nio.charset.StandardCharsets;

/** Walks over the fields of one protobuf message. */
final class ProtobufWire {
  /** A message that breaks the wire format. */
  static final class Broken extends Exception {
    private static final long serialVersionUID = 1;

    Broken(String message) {
      super(message, null, false, false);
    }
  }

  private final byte[] b;
  int at;
  int end;

  /** Number and wire type of the present field. */
  int field;

  int wire;

  ProtobufWire(byte[] b, int from, int to) {
    this.b = b;
    this.at = from;
    this.end = to;
  }

  /** Moves to the next field; its content is to be read or skipped. */
  boolean next() throws Broken {
    if (at >= end) {
      return false;
    }
    long tag = varint();
    field = (int) (tag >>> 3);
    wire = (int) (tag & 7);
    if (field <= 0) {
      throw new Broken("illegal tag");
    }
    return true;
  }

  long varint() throws Broken {
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

  static long zigZag(long v) {
    return v >>> 1 ^ -(v & 1);
  }

  static double unsigned(long v) {
    return v >= 0 ? v : (v >>> 11) * 2048.0;
  }

  /** Reads an integer field. */
  long number() throws Broken {
    if (wire != 0) {
      throw new Broken("field " + field + " is not an integer");
    }
    return varint();
  }

  /** Reads a double field. */
  double real() throws Broken {
    if (wire != 1) {
      throw new Broken("field " + field + " is not a double");
    }
    return rawReal();
  }

  double rawReal() throws Broken {
    if (end - at < 8) {
      throw new Broken("unexpected EOF");
    }
    long bits = 0;
    for (int i = 7; i >= 0; i--) {
      bits = bits << 8 | (b[at + i] & 0xff);
    }
    at += 8;
    return Double.longBitsToDouble(bits);
  }

  /** Reads a length-delimited field and returns begin and end of its content. */
  int[] range() throws Broken {
    if (wire != 2) {
      throw new Broken("field " + field + " is not length-delimited");
    }
    long n = varint();
    if (n < 0 || n > end - at) {
      throw new Broken("unexpected EOF");
    }
    int[] r = {at, at + (int) n};
    at = r[1];
    return r;
  }

  String text() throws Broken {
    int[] r = range();
    if (!Utf8.isValid(b, r[0], r[1])) {
      throw new Broken("field " + field + " is not valid UTF-8");
    }
    return new String(b, r[0], r[1] - r[0], StandardCharsets.UTF_8);
  }

  void skip() throws Broken {
    switch (wire) {
      case 0 -> varint();
      case 1 -> at += 8;
      case 2 -> range();
      case 5 -> at += 4;
      default -> throw new Broken("unknown wire type " + wire);
    }
    if (at > end) {
      throw new Broken("unexpected EOF");
    }
  }
}
