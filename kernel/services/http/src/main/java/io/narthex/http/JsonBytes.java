package io.narthex.http;

import io.narthex.exposition.thread.Courtesy;
import io.narthex.model.Labels;
import io.narthex.model.go.GoFloat;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * Writes JSON as bytes, for responses with many values. Writes strings, numbers and label sets;
 * brackets and commas are up to the caller. {@link #buffered} says how much is not flushed yet, so
 * that a small response can be sent with its length.
 */
final class JsonBytes {
  private static final int FIRST = 4 << 10;
  private static final int FULL = 64 << 10;
  private static final byte[] HEX = ascii("0123456789ABCDEF");

  /** The two digits of each number below 100. */
  private static final byte[] PAIRS = new byte[200];

  static {
    for (int i = 0; i < 100; i++) {
      PAIRS[2 * i] = (byte) ('0' + i / 10);
      PAIRS[2 * i + 1] = (byte) ('0' + i % 10);
    }
  }

  private final OutputStream out;
  private byte[] buffer;
  private final Courtesy courtesy = new Courtesy();
  private int size;
  private boolean flushed;

  JsonBytes(OutputStream out) {
    this(out, FIRST);
  }

  /**
   * Creates a writer.
   *
   * @param expected about how many bytes will be written
   */
  JsonBytes(OutputStream out, long expected) {
    this.out = out;
    buffer = new byte[(int) Math.clamp(expected, FIRST, FULL)];
  }

  /** Returns the bytes of an ASCII string, for {@link #raw}. */
  static byte[] ascii(String text) {
    return text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }

  /** Returns how many bytes are buffered, or -1 when some have been flushed. */
  int buffered() {
    return flushed ? -1 : size;
  }

  /** Writes the buffer to the stream. */
  void flush() throws IOException {
    out.write(buffer, 0, size);
    size = 0;
    flushed = true;
  }

  /** Makes room for {@code n} bytes, at most {@link #FIRST}. */
  private void room(int n) throws IOException {
    if (buffer.length - size < n) {
      if (buffer.length < FULL) {
        buffer = Arrays.copyOf(buffer, Math.min(FULL, buffer.length * 4));
      } else {
        flush();
        courtesy.giveWay(); // a large response takes long
      }
    }
  }

  /** Writes an ASCII character. */
  void raw(char c) throws IOException {
    room(1);
    buffer[size++] = (byte) c;
  }

  /** Writes bytes as they are, fewer than {@link #FIRST}. */
  void raw(byte[] bytes) throws IOException {
    raw(bytes, 0, bytes.length);
  }

  private void raw(byte[] bytes, int from, int length) throws IOException {
    room(length);
    System.arraycopy(bytes, from, buffer, size, length);
    size += length;
  }

  /** Writes an ASCII string as it is. */
  void raw(String text) throws IOException {
    for (int i = 0; i < text.length(); i++) {
      raw(text.charAt(i));
    }
  }

  /** Writes a string in quotes, escaped. */
  void text(String text) throws IOException {
    raw('"');
    int n = text.length();
    for (int i = 0; i < n; i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        ascii(c);
      } else {
        i += wide(text, i);
      }
    }
    raw('"');
  }

  private void ascii(char c) throws IOException {
    room(6);
    if (c >= ' ' && c != '"' && c != '\\') {
      buffer[size++] = (byte) c;
      return;
    }
    buffer[size++] = '\\';
    int letter =
        switch (c) {
          case '"', '\\' -> c;
          case '\n' -> 'n';
          case '\r' -> 'r';
          case '\t' -> 't';
          case '\b' -> 'b';
          case '\f' -> 'f';
          default -> 'u';
        };
    buffer[size++] = (byte) letter;
    if (letter == 'u') {
      buffer[size++] = '0';
      buffer[size++] = '0';
      buffer[size++] = HEX[c >> 4];
      buffer[size++] = HEX[c & 15];
    }
  }

  /** Writes the character at {@code i} in UTF-8; returns how many further chars it took. */
  private int wide(String text, int i) throws IOException {
    room(4);
    int c = text.codePointAt(i);
    if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
      c = 0xfffd; // half of a pair
    }
    if (c < 0x800) {
      buffer[size++] = (byte) (0xc0 | c >> 6);
    } else if (c < 0x10000) {
      buffer[size++] = (byte) (0xe0 | c >> 12);
      buffer[size++] = (byte) (0x80 | c >> 6 & 63);
    } else {
      buffer[size++] = (byte) (0xf0 | c >> 18);
      buffer[size++] = (byte) (0x80 | c >> 12 & 63);
      buffer[size++] = (byte) (0x80 | c >> 6 & 63);
    }
    buffer[size++] = (byte) (0x80 | c & 63);
    return c < 0x10000 ? 0 : 1;
  }

  /** Writes a label set as an object. */
  void labels(Labels labels) throws IOException {
    raw('{');
    for (int i = 0; i < labels.size(); i++) {
      if (i > 0) {
        raw(',');
      }
      text(labels.name(i));
      raw(':');
      text(labels.value(i));
    }
    raw('}');
  }

  /** Writes a sample value: a number in quotes. */
  void value(double value) throws IOException {
    room(GoFloat.MAX_LENGTH + 2);
    buffer[size++] = '"';
    size = GoFloat.write(buffer, size, value, GoFloat.Style.JSON);
    buffer[size++] = '"';
  }

  /** Writes a whole number. */
  void number(long n) throws IOException {
    raw(Long.toString(n));
  }

  /** Writes a time as seconds with three decimals, or none when they are 0. */
  void time(long timeMs) throws IOException {
    room(MAX_TIME);
    size = time(buffer, size, timeMs);
  }

  /** The most bytes of a time. */
  static final int MAX_TIME = 24;

  /** Puts a time into {@code into}; returns the position after it. */
  static int time(byte[] into, int at, long timeMs) {
    int n = at;
    if (timeMs < 0) {
      into[n++] = '-';
    }
    long seconds = Math.abs(timeMs / 1000);
    int fraction = (int) Math.abs(timeMs % 1000);
    int count = 10;
    if (seconds < 1_000_000_000L || seconds > 9_999_999_999L) {
      count = 1;
      for (long more = seconds; more >= 10; more /= 10) {
        count++;
      }
    }
    int i = n + count;
    long rest = seconds;
    while (rest > Integer.MAX_VALUE) {
      int pair = (int) (rest % 100) * 2;
      rest /= 100;
      into[--i] = PAIRS[pair + 1];
      into[--i] = PAIRS[pair];
    }
    int small = (int) rest;
    while (i - n >= 2) {
      int left = small / 100;
      int pair = (small - left * 100) * 2;
      small = left;
      into[--i] = PAIRS[pair + 1];
      into[--i] = PAIRS[pair];
    }
    if (i > n) {
      into[n] = (byte) ('0' + small);
    }
    n += count;
    if (fraction > 0) {
      into[n++] = '.';
      into[n++] = (byte) ('0' + fraction / 100);
      into[n++] = PAIRS[fraction % 100 * 2];
      into[n++] = PAIRS[fraction % 100 * 2 + 1];
    }
    return n;
  }

  /**
   * Writes points {@code [time,"value"]} with commas between them.
   *
   * @param first index of the time of the first
   */
  void points(Times times, int first, double[] values) throws IOException {
    for (int i = 0; i < values.length; i++) {
      room(MAX_TIME + GoFloat.MAX_LENGTH + 8);
      byte[] b = buffer;
      int n = size;
      if (i > 0) {
        b[n++] = ',';
      }
      int from = times.ends[first + i];
      int length = times.ends[first + i + 1] - from;
      System.arraycopy(times.bytes, from, b, n, length);
      n = GoFloat.write(b, n + length, values[i], GoFloat.Style.JSON);
      b[n++] = '"';
      b[n++] = ']';
      size = n;
    }
  }

  /**
   * The prefixes {@code [time,"} of points, which the series of a response mostly share: those that
   * begin later or end sooner have a part of them.
   */
  static final class Times {
    private final long[] timesMs;
    private final byte[] bytes;
    private final int[] ends;

    Times(long[] timesMs) {
      this.timesMs = timesMs;
      bytes = new byte[timesMs.length * (MAX_TIME + 3)];
      ends = new int[timesMs.length + 1];
      int n = 0;
      for (int i = 0; i < timesMs.length; i++) {
        bytes[n++] = '[';
        n = time(bytes, n, timesMs[i]);
        bytes[n++] = ',';
        bytes[n++] = '"';
        ends[i + 1] = n;
      }
    }

    /** Returns where in these times others are, one behind the other, or -1. */
    int find(long[] others) {
      if (others == timesMs) {
        return 0;
      }
      int from = others.length == 0 ? 0 : Arrays.binarySearch(timesMs, others[0]);
      int to = from + others.length;
      return from >= 0
              && to <= timesMs.length
              && Arrays.equals(timesMs, from, to, others, 0, others.length)
          ? from
          : -1;
    }
  }
}
