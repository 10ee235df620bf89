package io.narthex.storage.tsdb.io;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Collects bytes, little-endian; grows as needed and is reused. Not thread-safe. */
public final class ByteSink {
  public static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  public static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  /** The bytes; valid up to {@link #size}. */
  public byte[] data;

  public int size;

  public ByteSink(int capacity) {
    data = new byte[Math.max(64, capacity)];
  }

  public void clear() {
    size = 0;
  }

  /** Makes room for {@code more} bytes beyond the size. */
  public void reserve(int more) {
    if (data.length - size < more) {
      data = Arrays.copyOf(data, Math.max(data.length * 2, Math.addExact(size, more)));
    }
  }

  public void u8(int value) {
    reserve(1);
    data[size++] = (byte) value;
  }

  public void u32(int value) {
    reserve(4);
    INT.set(data, size, value);
    size += 4;
  }

  public void u64(long value) {
    reserve(8);
    LONG.set(data, size, value);
    size += 8;
  }

  /** Writes seven bits a byte, low ones first; the high bit says that more follow. */
  public void varint(long value) {
    reserve(10);
    long v = value;
    while ((v & ~0x7fL) != 0) {
      data[size++] = (byte) (v | 0x80);
      v >>>= 7;
    }
    data[size++] = (byte) v;
  }

  /** Writes a signed number: 0, -1, 1, -2 … become 0, 1, 2, 3 … */
  public void zigzag(long value) {
    varint(zigzagged(value));
  }

  public static long zigzagged(long value) {
    return (value << 1) ^ (value >> 63);
  }

  public void text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    varint(utf8.length);
    bytes(utf8, 0, utf8.length);
  }

  public void bytes(byte[] from, int offset, int length) {
    reserve(length);
    System.arraycopy(from, offset, data, size, length);
    size += length;
  }
}
