package io.narthex.exposition;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing byte array with methods for protobuf fields. Not thread-safe. */
public final class ProtobufBytes {
  private byte[] b = new byte[256];
  private int n;

  /** Discards what was written. */
  public void clear() {
    n = 0;
  }

  /** Returns the number of bytes written. */
  public int length() {
    return n;
  }

  /** Returns the array written to; valid up to {@link #length()} until the next change. */
  public byte[] buffer() {
    return b;
  }

  /** Adds one byte. */
  public void put(int c) {
    if (n == b.length) {
      room(1);
    }
    b[n++] = (byte) c;
  }

  /** Adds characters below 0x80. */
  public void ascii(String text) {
    room(text.length());
    for (int i = 0; i < text.length(); i++) {
      b[n++] = (byte) text.charAt(i);
    }
  }

  /** Adds the first bytes of an array. */
  public void bytes(byte[] from, int length) {
    room(length);
    System.arraycopy(from, 0, b, n, length);
    n += length;
  }

  /** Adds a varint without field number. */
  public void varint(long v) {
    long rest = v;
    while ((rest & ~0x7fL) != 0) {
      put((int) (rest & 0x7f | 0x80));
      rest >>>= 7;
    }
    put((int) rest);
  }

  /** Adds an integer field. */
  public void varint(int field, long v) {
    varint((long) field << 3);
    varint(v);
  }

  /** Adds a double field. */
  public void real(int field, double v) {
    varint((long) field << 3 | 1);
    long bits = Double.doubleToRawLongBits(v);
    for (int i = 0; i < 64; i += 8) {
      put((int) (bits >>> i));
    }
  }

  /** Adds a string field. */
  public void text(int field, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    varint((long) field << 3 | 2);
    varint(utf8.length);
    bytes(utf8, utf8.length);
  }

  /** Adds a message field. */
  public void message(int field, ProtobufBytes message) {
    varint((long) field << 3 | 2);
    varint(message.n);
    bytes(message.b, message.n);
  }

  /** Copies what was written. */
  public void writeTo(OutputStream stream) throws IOException {
    stream.write(b, 0, n);
  }

  /** Adds an integer field in zigzag encoding. */
  public void zigZag(int field, int v) {
    varint(field, ((v << 1) ^ (v >> 31)) & 0xffffffffL);
  }

  private void room(int more) {
    if (more > b.length - n) {
      b = Arrays.copyOf(b, Math.max(b.length * 2, Math.addExact(n, more)));
    }
  }
}
