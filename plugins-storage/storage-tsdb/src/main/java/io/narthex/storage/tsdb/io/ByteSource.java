package io.narthex.storage.tsdb.io;

import java.nio.charset.StandardCharsets;

/** Reads what {@link ByteSink} wrote. Not thread-safe. */
public final class ByteSource {
  /** Bytes that make no sense; the caller adds file and offset. */
  public static final class Malformed extends RuntimeException {
    private static final long serialVersionUID = 1;

    public Malformed(String message) {
      super(message);
    }
  }

  public byte[] data = new byte[0];
  public int position;
  public int limit;

  public ByteSource() {}

  public ByteSource(byte[] data, int position, int limit) {
    reset(data, position, limit);
  }

  public void reset(byte[] bytes, int from, int to) {
    data = bytes;
    position = from;
    limit = to;
  }

  public int remaining() {
    return limit - position;
  }

  private void need(int n) {
    if (n < 0 || limit - position < n) {
      throw new Malformed("needs " + n + " more bytes, has " + (limit - position));
    }
  }

  public int u8() {
    need(1);
    return data[position++] & 0xff;
  }

  public int u32() {
    need(4);
    int v = (int) ByteSink.INT.get(data, position);
    position += 4;
    return v;
  }

  public long u64() {
    need(8);
    long v = (long) ByteSink.LONG.get(data, position);
    position += 8;
    return v;
  }

  public long varint() {
    long v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      need(1);
      byte b = data[position++];
      v |= (b & 0x7fL) << shift;
      if (b >= 0) {
        return v;
      }
    }
    throw new Malformed("number of more than ten bytes");
  }

  /** Reads a number that must be between 0 and {@code max}. */
  public int count(int max) {
    long v = varint();
    if (v < 0 || v > max) {
      throw new Malformed("count is " + v + ", at most " + max + " are possible");
    }
    return (int) v;
  }

  public long zigzag() {
    return unzigzagged(varint());
  }

  public static long unzigzagged(long v) {
    return (v >>> 1) ^ -(v & 1);
  }

  public String text() {
    int n = count(remaining());
    need(n);
    String s = new String(data, position, n, StandardCharsets.UTF_8);
    position += n;
    return s;
  }

  public void skip(int n) {
    need(n);
    position += n;
  }
}
