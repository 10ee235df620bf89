package io.narthex.bench;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Bytes of protobuf's wire format; grows as needed. Not thread-safe. */
public final class WireBuffer {
  private byte[] bytes;
  private int size;

  /** Creates one that is empty. */
  public WireBuffer(int capacity) {
    bytes = new byte[capacity];
  }

  /** Forgets the content. */
  public void clear() {
    size = 0;
  }

  /** Returns the length of the content. */
  public int size() {
    return size;
  }

  /** Returns the array whose first {@link #size} bytes are the content. */
  public byte[] array() {
    return bytes;
  }

  private void room(int more) {
    if (bytes.length - size < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
    }
  }

  /** Adds a field of type varint. */
  public void number(int field, long value) {
    varint((long) field << 3);
    varint(value);
  }

  /** Adds a field of type double. */
  public void real(int field, double value) {
    varint((long) field << 3 | 1);
    fixed(value);
  }

  /** Adds a field that holds the content of another buffer. */
  public void message(int field, WireBuffer content) {
    bytes(field, content.bytes, content.size);
  }

  /** Adds a field that holds text. */
  public void text(int field, String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    bytes(field, utf8, utf8.length);
  }

  /** Adds a field that holds bytes. */
  public void bytes(int field, byte[] content, int length) {
    varint((long) field << 3 | 2);
    varint(length);
    room(length);
    System.arraycopy(content, 0, bytes, size, length);
    size += length;
  }

  /** Adds fields that are encoded already. */
  public void raw(byte[] fields, int from, int length) {
    room(length);
    System.arraycopy(fields, from, bytes, size, length);
    size += length;
  }

  /** Adds a number without a field. */
  public void varint(long value) {
    room(10);
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      bytes[size++] = (byte) (rest & 0x7f | 0x80);
      rest >>>= 7;
    }
    bytes[size++] = (byte) rest;
  }

  /** Adds a signed number without a field, small ones short. */
  public void zigzag(long value) {
    varint(value << 1 ^ value >> 63);
  }

  /** Adds a double without a field. */
  public void fixed(double value) {
    room(8);
    long bits = Double.doubleToRawLongBits(value);
    for (int i = 0; i < 8; i++) {
      bytes[size++] = (byte) (bits >>> (8 * i));
    }
  }
}
