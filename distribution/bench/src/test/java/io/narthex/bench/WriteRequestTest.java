package io.narthex.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.airlift.compress.v3.snappy.SnappyJavaDecompressor;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.HistogramRules;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WriteRequestTest {
  private static final Map<String, String> LABELS =
      new TreeMap<>(Map.of("__name__", "ü_total", "l", "1"));

  /** A field as it is on the wire: a number, a double's bits or bytes. */
  private record Field(int number, long value, ByteBuffer bytes) {
    String text() {
      return StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }

    List<Field> fields() {
      return WriteRequestTest.fields(bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN));
    }
  }

  private static List<Field> fields(ByteBuffer in) {
    List<Field> out = new ArrayList<>();
    while (in.hasRemaining()) {
      long key = varint(in);
      int number = (int) (key >> 3);
      switch ((int) key & 7) {
        case 0 -> out.add(new Field(number, varint(in), ByteBuffer.allocate(0)));
        case 1 -> out.add(new Field(number, in.getLong(), ByteBuffer.allocate(0)));
        case 2 -> {
          int length = (int) varint(in);
          out.add(new Field(number, 0, in.slice(in.position(), length)));
          in.position(in.position() + length);
        }
        default -> throw new IllegalArgumentException("wire type of key " + key);
      }
    }
    return out;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    int shift = 0;
    byte b;
    do {
      b = in.get();
      value |= (long) (b & 0x7f) << shift;
      shift += 7;
    } while (b < 0);
    return value;
  }

  private static List<Field> series(WriteRequest request) {
    byte[] body = request.finish();
    SnappyJavaDecompressor snappy = new SnappyJavaDecompressor();
    byte[] plain = new byte[snappy.getUncompressedLength(body, 0)];
    snappy.decompress(body, 0, body.length, plain, 0, plain.length);
    return fields(ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN));
  }

  private static long value(List<Field> fields, int number) {
    return fields.stream().filter(f -> f.number == number).findFirst().orElseThrow().value;
  }

  @Test
  void seriesWithSamples() {
    WriteRequest request = new WriteRequest();
    request.series(LABELS, new long[] {1, 2, 300}, new double[] {0.5, 1.5, -2}, 1, 3);
    request.series(LABELS, new long[] {1, 2, 300}, new double[] {0.5, 1.5, -2}, 0, 1);
    List<Field> all = series(request);
    assertThat(all).hasSize(2);
    List<Field> first = all.get(0).fields();
    assertThat(first).extracting(Field::number).containsExactly(1, 1, 2, 2);
    assertThat(first.get(0).fields())
        .extracting(Field::text)
        .containsExactly("__name__", "ü_total");
    List<Field> last = first.get(3).fields();
    assertThat(Double.longBitsToDouble(value(last, 1))).isEqualTo(-2);
    assertThat(value(last, 2)).isEqualTo(300);
    assertThat(request.size()).as("the next one is empty").isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void histogramsAreThoseOfTheModel(boolean custom) {
    WriteRequest request = new WriteRequest();
    GrowingHistogram growing = new GrowingHistogram(3, custom);
    request.histograms(LABELS, new long[] {15_000, 30_000}, 7, growing);
    List<Field> sent = series(request).get(0).fields();
    assertThat(sent).extracting(Field::number).containsExactly(1, 1, 4, 4);
    List<Field> histogram = sent.get(3).fields();
    growing.moveTo(8);
    NativeHistogram model = growing.toModel();
    assertThat(HistogramRules.isValid(model)).isTrue();
    assertThat(model.schema()).isEqualTo(custom ? -53 : 3);
    assertThat((double) value(histogram, 1)).isEqualTo(model.count());
    assertThat(Double.longBitsToDouble(value(histogram, 3))).isEqualTo(model.sum());
    long schema = value(histogram, 4);
    assertThat(schema >>> 1 ^ -(schema & 1)).isEqualTo(model.schema());
    assertThat(value(histogram, 15)).isEqualTo(30_000);
    ByteBuffer deltas =
        histogram.stream().filter(f -> f.number == 12).findFirst().orElseThrow().bytes;
    List<Double> buckets = new ArrayList<>();
    long bucket = 0;
    while (deltas.hasRemaining()) {
      long delta = varint(deltas);
      bucket += delta >>> 1 ^ -(delta & 1);
      buckets.add((double) bucket);
    }
    assertThat(buckets.stream().mapToDouble(d -> d)).containsExactly(boxed(model));
    assertThat(histogram.stream().filter(f -> f.number == 16).count()).isEqualTo(custom ? 1 : 0);
  }

  private static Double[] boxed(NativeHistogram model) {
    return Arrays.stream(model.positiveBuckets()).boxed().toArray(Double[]::new);
  }

  /** The symbols of a request of 2.0 are its own, those of the one before are forgotten. */
  @Test
  void requestsOfTheSecondVersionReferToTheirTexts() {
    WriteRequest request = new WriteRequest(true);
    request.series(new TreeMap<>(Map.of("other", "one")), new long[] {1}, new double[] {1}, 0, 1);
    request.finish();
    request.series(LABELS, new long[] {5_000}, new double[] {2.5}, 0, 1);
    request.histograms(
        LABELS,
        new long[] {6_000},
        new NativeHistogram[] {
          NativeHistogram.builder()
              .count(1)
              .sum(2)
              .positive(new int[] {0, 1}, new double[] {1})
              .build()
        },
        0,
        1);
    List<Field> message = series(request);
    assertThat(message.stream().filter(f -> f.number() == 4).map(Field::text))
        .containsExactly("", "__name__", "ü_total", "l", "1");
    List<List<Field>> series =
        message.stream().filter(f -> f.number() == 5).map(Field::fields).toList();
    assertThat(series).hasSize(2);
    assertThat(series.get(0).get(0).text()).isEqualTo("\u0001\u0002\u0003\u0004");
    assertThat(series.get(0).get(1).number()).isEqualTo(2);
    assertThat(Double.longBitsToDouble(series.get(0).get(1).fields().get(0).value()))
        .isEqualTo(2.5);
    assertThat(series.get(0).get(1).fields().get(1).value()).isEqualTo(5_000);
    assertThat(series.get(1).get(1).number()).isEqualTo(3);
  }
}
