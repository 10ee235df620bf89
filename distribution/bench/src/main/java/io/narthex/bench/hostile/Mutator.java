package io.narthex.bench.hostile;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Makes hostile inputs from a target's seeds: small errors (a misplaced word, a part missing or
 * duplicated, a number at the limit of its type), and amplifiers, which nest, repeat, count up and
 * announce what does not follow. The same seed gives the same inputs in the same order.
 */
final class Mutator {
  /** No input is longer: limits of requests are tested elsewhere. */
  static final int LONGEST = 1 << 16;

  /** One input of so many is amplified. */
  private static final int AMPLIFIED = 256;

  private static final List<String> NUMBERS =
      List.of(
          "0",
          "-1",
          "-0",
          "1e308",
          "1e-400",
          "9223372036854775807",
          "9223372036854775808",
          "-9223372036854775809",
          "2147483648",
          "4294967296",
          "99999999999999999999999999",
          "0x7fffffffffffffff",
          "0o17",
          "1_0",
          "1e",
          ".",
          "+Inf",
          "NaN",
          "1e9y",
          "100000d");
  private static final List<byte[]> ODD =
      List.of(
          new byte[] {0},
          new byte[] {(byte) 0xff},
          new byte[] {(byte) 0xc3},
          new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0x80}, // half a pair of surrogates
          new byte[] {(byte) 0xf4, (byte) 0x90, (byte) 0x80, (byte) 0x80}, // behind the last one
          new byte[] {(byte) 0xef, (byte) 0xbb, (byte) 0xbf},
          "\u2028".getBytes(StandardCharsets.UTF_8),
          "\ud83d\ude00".getBytes(StandardCharsets.UTF_8),
          "\r".getBytes(StandardCharsets.UTF_8),
          "\n".getBytes(StandardCharsets.UTF_8),
          "\t".getBytes(StandardCharsets.UTF_8),
          "\\".getBytes(StandardCharsets.UTF_8),
          "\"".getBytes(StandardCharsets.UTF_8),
          "'".getBytes(StandardCharsets.UTF_8));

  private final Target target;
  private final SplittableRandom random;

  Mutator(Target target, long seed) {
    this.target = target;
    this.random = new SplittableRandom(seed * 31 + target.name().hashCode());
  }

  byte[] next() {
    int kind = random.nextInt(AMPLIFIED);
    byte[] input;
    if (kind == 0) {
      input =
          random.nextBoolean()
              ? grown()
              : wronged(amplified(any(target.seeds())), random.nextInt(3));
    } else if (kind < 12) {
      input = noise();
    } else {
      input = wronged(any(target.seeds()), 1 + random.nextInt(5));
    }
    return input.length > LONGEST ? Arrays.copyOf(input, LONGEST) : input;
  }

  /** Returns a well-formed input with as many parts of a kind as fit. */
  private byte[] grown() {
    var growing = any(target.growing());
    int parts = 1 << (4 + random.nextInt(13));
    byte[] out = growing.apply(parts);
    while (out.length > LONGEST) {
      parts /= 2;
      out = growing.apply(parts);
    }
    return out;
  }

  private <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private byte[] noise() {
    byte[] out = new byte[random.nextInt(120)];
    random.nextBytes(out);
    if (random.nextBoolean()) {
      for (int i = 0; i < out.length; i++) {
        out[i] = (byte) (' ' + (out[i] & 0x7f) % 95);
      }
    }
    return out;
  }

  private byte[] wronged(byte[] text, int times) {
    byte[] out = text;
    for (int i = 0; i < times; i++) {
      out = wronged(out);
    }
    return out;
  }

  private byte[] wronged(byte[] text) {
    int at = random.nextInt(text.length + 1);
    int to = Math.min(text.length, at + 1 + random.nextInt(1 + random.nextInt(40)));
    return switch (random.nextInt(12)) {
      case 0, 1 -> with(text, at, at, any(target.words()));
      case 2 -> with(text, at, to, any(target.words()));
      case 3 -> with(text, at, to, new byte[0]);
      case 4 -> with(text, at, at, Arrays.copyOfRange(text, at, to));
      case 5 -> with(text, at, to, part(any(target.seeds())));
      case 6 -> number(text, at);
      case 7 -> with(text, at, at, any(ODD));
      case 8 -> flipped(text, at);
      case 9 -> Arrays.copyOf(text, at);
      case 10 -> {
        Target.Pair pair = any(target.pairs());
        byte[] inner = (pair.open() + text(text, at, to) + pair.close()).getBytes(LATIN);
        yield with(text, at, to, inner);
      }
      default -> line(text, at);
    };
  }

  // bytes as they are
  private static final java.nio.charset.Charset LATIN = StandardCharsets.ISO_8859_1;

  private static String text(byte[] text, int from, int to) {
    return new String(text, from, to - from, LATIN);
  }

  private static byte[] with(byte[] text, int from, int to, byte[] instead) {
    byte[] out = Arrays.copyOf(text, text.length - (to - from) + instead.length);
    System.arraycopy(instead, 0, out, from, instead.length);
    System.arraycopy(text, to, out, from + instead.length, text.length - to);
    return out;
  }

  private byte[] part(byte[] text) {
    int from = random.nextInt(text.length + 1);
    return Arrays.copyOfRange(text, from, Math.min(text.length, from + 1 + random.nextInt(60)));
  }

  private byte[] flipped(byte[] text, int at) {
    if (at == text.length) {
      return text;
    }
    byte[] out = text.clone();
    out[at] ^= (byte) (1 << random.nextInt(8));
    return out;
  }

  /** Replaces the next number by another one. */
  private byte[] number(byte[] text, int at) {
    int from = at;
    while (from < text.length && (text[from] < '0' || text[from] > '9')) {
      from++;
    }
    int to = from;
    while (to < text.length && (text[to] >= '0' && text[to] <= '9' || text[to] == '.')) {
      to++;
    }
    return with(text, from, to, any(NUMBERS).getBytes(LATIN));
  }

  /** Moves or duplicates a line. */
  private byte[] line(byte[] text, int at) {
    int from = at;
    while (from > 0 && text[from - 1] != '\n') {
      from--;
    }
    int to = at;
    while (to < text.length && text[to++] != '\n') {}
    byte[] line = Arrays.copyOfRange(text, from, to);
    byte[] rest = random.nextBoolean() ? text : with(text, from, to, new byte[0]);
    int where = random.nextInt(rest.length + 1);
    while (where > 0 && rest[where - 1] != '\n') {
      where--;
    }
    return with(rest, where, where, line);
  }

  private byte[] amplified(byte[] text) {
    int at = random.nextInt(text.length + 1);
    int to = Math.min(text.length, at + 1 + random.nextInt(30));
    byte[] part = Arrays.copyOfRange(text, at, to);
    int times = 1 << (4 + random.nextInt(13));
    return switch (random.nextInt(6)) {
      case 0 -> with(text, at, to, repeated(part, times));
      case 1 -> with(text, at, at, repeated(any(target.words()), times));
      case 2 -> {
        Target.Pair pair = any(target.pairs());
        int deep = Math.max(1, Math.min(times, LONGEST / (pair.open().length() + 1) / 2));
        yield with(
            text,
            at,
            to,
            (pair.open().repeat(deep) + text(text, at, to) + pair.close().repeat(deep))
                .getBytes(LATIN));
      }
      case 3 -> counted(part.length == 0 ? any(target.words()) : part, times);
      case 4 -> repeated(text, times);
      default -> announced(text, at);
    };
  }

  private static byte[] repeated(byte[] part, int times) {
    int n = (int) Math.min(times, LONGEST / Math.max(1, part.length) + 1L);
    byte[] out = new byte[part.length * n];
    for (int i = 0; i < n; i++) {
      System.arraycopy(part, 0, out, i * part.length, part.length);
    }
    return out;
  }

  /** Repeats a part with a number behind each, so that no two are the same, in falling order. */
  private byte[] counted(byte[] part, int times) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    String end = random.nextBoolean() ? "," : "\n";
    for (int i = times; i > 0 && out.size() < LONGEST; i--) {
      out.writeBytes(part);
      out.writeBytes((i + end).getBytes(LATIN));
    }
    return out.toByteArray();
  }

  /** Puts a length of the wire format in that is far more than what follows. */
  private byte[] announced(byte[] text, int at) {
    byte[] out = new byte[1 + random.nextInt(9)];
    Arrays.fill(out, (byte) 0xff);
    out[out.length - 1] = (byte) random.nextInt(128);
    return with(text, at, Math.min(text.length, at + 1), out);
  }
}
