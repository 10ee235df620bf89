package io.narthex.http;

import java.util.Arrays;

/** A growing array of bytes, reused. Not thread-safe. */
final class ByteBuilder {
  private byte[] bytes = new byte[256];
  private int size;

  void clear() {
    size = 0;
  }

  int size() {
    return size;
  }

  /** Returns the array; the first {@link #size()} bytes are in use. */
  byte[] bytes() {
    return bytes;
  }

  private void reserve(int more) {
    if (more > bytes.length - size) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, Math.addExact(size, more)));
    }
  }

  void add(int one) {
    reserve(1);
    bytes[size++] = (byte) one;
  }

  void add(byte[] from, int start, int end) {
    reserve(end - start);
    System.arraycopy(from, start, bytes, size, end - start);
    size += end - start;
  }

  /** Writes a number as protobuf does. */
  void varint(int number) {
    int rest = number;
    while ((rest & ~0x7f) != 0) {
      add(rest & 0x7f | 0x80);
      rest >>>= 7;
    }
    add(rest);
  }

  /** Returns how many bytes {@link #varint} writes. */
  static int sizeOf(int number) {
    return number == 0 ? 1 : (38 - Integer.numberOfLeadingZeros(number)) / 7;
  }
}
