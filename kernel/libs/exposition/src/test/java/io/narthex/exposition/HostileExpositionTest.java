package io.narthex.exposition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

/** Expositions made to cost much; deadlines lie far above the good case. */
class HostileExpositionTest {
  private static final ParserOptions OPTIONS = new ParserOptions(false, false, false, true, false);

  /** Writes protobuf's wire format. */
  private static final class Proto {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private Proto raw(long n) {
      long rest = n;
      while ((rest & ~0x7fL) != 0) {
        out.write((int) (rest & 0x7f | 0x80));
        rest >>>= 7;
      }
      out.write((int) rest);
      return this;
    }

    Proto varint(int field, long value) {
      return raw((long) field << 3).raw(value);
    }

    Proto bytes(int field, byte[] value) {
      raw((long) field << 3 | 2).raw(value.length);
      out.writeBytes(value);
      return this;
    }

    Proto text(int field, String value) {
      return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    Proto nested(int field, Proto value) {
      return bytes(field, value.out.toByteArray());
    }

    byte[] delimited() {
      Proto p = new Proto();
      p.raw(out.size());
      p.out.writeBytes(out.toByteArray());
      return p.out.toByteArray();
    }
  }

  private static byte[] family(Proto... metrics) {
    Proto p = new Proto().text(1, "h").varint(3, 4);
    for (Proto m : metrics) {
      p.nested(4, m);
    }
    return p.delimited();
  }

  private static Proto span(long offset, long length) {
    return new Proto().varint(1, offset << 1 ^ offset >> 63).varint(2, length);
  }

  private static int readAll(byte[] page) throws ExpositionException {
    ExpositionParser p = ExpositionFormat.PROMETHEUS_PROTO.parser(OPTIONS);
    p.reset(page, page.length);
    int n = 0;
    while (true) {
      ExpositionParser.Entry e = p.next();
      if (e == ExpositionParser.Entry.END) {
        return n;
      }
      if (e == ExpositionParser.Entry.HISTOGRAM) {
        p.histogram();
      }
      n++;
    }
  }

  /** 80 kB took 2.7 s when the array was copied for each bucket. */
  @Test
  void anErrorQuotesTheBeginningOfALongLineOnly() {
    byte[] line = "a".repeat(4 << 20).getBytes(StandardCharsets.UTF_8);
    ExpositionParser parser = ExpositionFormat.PROMETHEUS_TEXT.parser(OPTIONS);
    parser.reset(line, line.length);
    assertThatThrownBy(parser::next)
        .isInstanceOf(ExpositionException.class)
        .satisfies(e -> assertThat(e.toString()).contains("aaa\"...").hasSizeLessThan(64 << 10));
  }

  @Test
  void readsHistogramsInLinearTime() {
    byte[] deltas = new byte[400_000];
    Proto packed = new Proto().nested(12, span(0, deltas.length)).bytes(13, deltas);
    Proto single = new Proto().nested(12, span(0, deltas.length));
    for (int i = 0; i < deltas.length; i++) {
      single.varint(13, 0);
    }
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          assertThat(readAll(family(new Proto().nested(7, packed)))).isPositive();
          assertThat(readAll(family(new Proto().nested(7, single)))).isPositive();
        });
  }

  @Test
  void refusesMoreBucketsThanAnySchemaHas() {
    byte[] deltas = new byte[ProtobufBuckets.MAX_PARTS + 1];
    assertThatThrownBy(() -> readAll(family(new Proto().nested(7, new Proto().bytes(13, deltas)))))
        .isInstanceOf(ExpositionException.class)
        .hasMessageContaining("more than 524288 buckets or spans");
  }

  /** The index of a bucket ran over, and what came out contradicted itself. */
  @Test
  void refusesSpansThatReachTooFar() {
    Proto h =
        new Proto()
            .nested(12, span(0, 1))
            .nested(12, span(Integer.MAX_VALUE, 0))
            .nested(12, span(Integer.MAX_VALUE, 1))
            .bytes(13, new byte[] {2, 2});
    assertThatThrownBy(() -> readAll(family(new Proto().nested(7, h))))
        .isInstanceOf(ExpositionException.class)
        .hasMessageContaining("histogram spans reach bucket");
  }

  @Test
  void refusesLongLabelsUnderManyBuckets() {
    Proto metric = new Proto().nested(1, new Proto().text(1, "l").text(2, "x".repeat(1 << 20)));
    Proto h = new Proto();
    for (int i = 0; i < 200_000; i++) {
      h.nested(3, new Proto().varint(1, i));
    }
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () ->
            assertThatThrownBy(() -> readAll(family(metric.nested(7, h))))
                .isInstanceOf(ExpositionException.class)
                .hasMessageContaining("unfolds into too much text"));
  }

  /** Whatever comes, an error is an {@link ExpositionException}. */
  @Test
  void mutatedPagesNeverThrowAnythingElse() {
    long seed = Long.getLong("tests.seed", System.nanoTime());
    Random random = new Random(seed);
    Proto h =
        new Proto()
            .varint(1, 3)
            .varint(5, 3)
            .nested(12, span(0, 2))
            .nested(12, span(3, 1))
            .bytes(13, new byte[] {2, 0, 4})
            .nested(9, span(-3, 1))
            .bytes(10, new byte[] {2})
            .nested(3, new Proto().varint(1, 2));
    byte[] good = family(new Proto().nested(1, new Proto().text(1, "a").text(2, "b")).nested(7, h));
    for (int i = 0; i < 30_000; i++) {
      byte[] page = good.clone();
      for (int k = random.nextInt(4); k >= 0; k--) {
        page[random.nextInt(page.length)] = (byte) random.nextInt();
      }
      try {
        readAll(page);
      } catch (ExpositionException _) {
        // refused
      } catch (RuntimeException | Error e) {
        throw new AssertionError("seed " + seed + ", round " + i, e);
      }
    }
  }

  @Test
  void aFamilyIsReadOnceForItsStartTimes() throws Exception {
    int series = 60_000;
    StringBuilder b = new StringBuilder("# TYPE a counter\n");
    for (int i = 0; i < series; i++) {
      b.append("a_total{i=\"").append(i).append("\"} 1\n");
    }
    String last = "{i=\"" + (series - 1) + "\"} ";
    b.append("a_created").append(last).append("7\na_total").append(last).append("2\n# EOF\n");
    byte[] body = b.toString().getBytes(StandardCharsets.UTF_8);
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          ExpositionParser parser =
              ExpositionFormat.OPENMETRICS_TEXT.parser(
                  new ParserOptions(true, true, true, true, false));
          parser.reset(body, body.length);
          int read = 0;
          int started = 0;
          for (ExpositionParser.Entry e = parser.next();
              e != ExpositionParser.Entry.END;
              e = parser.next()) {
            if (e == ExpositionParser.Entry.SERIES) {
              read++;
              started += parser.startTimestampMs() == 7_000 ? read : 0;
            }
          }
          assertThat(read).isEqualTo(series + 1);
          assertThat(started).isEqualTo(series + series + 1); // the one before it and the one after
        });
  }

  @Test
  void quotesOnlyTheBytesThatAreNotUtf8() {
    byte[] text = "a{b=\"é?\"} 1\n".getBytes(StandardCharsets.UTF_8);
    text[7] = (byte) 0xff;
    ExpositionParser parser = ExpositionFormat.PROMETHEUS_TEXT.parser(OPTIONS);
    parser.reset(text, text.length);
    assertThatThrownBy(parser::next)
        .isInstanceOf(ExpositionException.class)
        .hasMessageStartingWith("invalid UTF-8 label value: ")
        .hasMessageContaining("é\\xff");
  }
}
