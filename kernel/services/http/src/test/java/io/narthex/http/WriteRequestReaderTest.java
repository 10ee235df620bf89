package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class WriteRequestReaderTest {
  /** Writes protobuf's wire format. */
  static final class Proto {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private void raw(long n) {
      long rest = n;
      while ((rest & ~0x7fL) != 0) {
        out.write((int) (rest & 0x7f | 0x80));
        rest >>>= 7;
      }
      out.write((int) rest);
    }

    Proto varint(int field, long value) {
      raw(field << 3);
      raw(value);
      return this;
    }

    Proto number(int field, double value) {
      raw(field << 3 | 1);
      out.writeBytes(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(value).array());
      return this;
    }

    Proto bytes(int field, byte[] value) {
      raw(field << 3 | 2);
      raw(value.length);
      out.writeBytes(value);
      return this;
    }

    Proto text(int field, String value) {
      return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    Proto nested(int field, Proto value) {
      return bytes(field, value.out.toByteArray());
    }

    byte[] toBytes() {
      return out.toByteArray();
    }
  }

  static Proto label(String name, String value) {
    return new Proto().text(1, name).text(2, value);
  }

  private static byte[] request() {
    Proto histogram =
        new Proto()
            .varint(1, 3)
            .number(3, 7.5)
            .varint(4, 0)
            .number(5, 0.001)
            .varint(6, 1)
            .nested(11, new Proto().varint(1, 0).varint(2, 2))
            .bytes(12, new byte[] {2, 0})
            .varint(14, 2)
            .varint(15, 3000);
    Proto series =
        new Proto()
            .nested(1, label("__name__", "up"))
            .nested(1, label("job", "a"))
            .nested(2, new Proto().number(1, 1.5).varint(2, 1000))
            .nested(2, new Proto().number(1, 2.5).varint(2, 2000))
            .nested(3, new Proto().nested(1, label("trace", "x")).number(2, 0.5).varint(3, 1500))
            .nested(4, histogram)
            .varint(99, 1);
    return new Proto().nested(1, series).nested(3, new Proto().varint(1, 1)).toBytes();
  }

  private static List<String> read(byte[] bytes) throws WriteRequestReader.MalformedException {
    List<String> out = new ArrayList<>();
    WriteRequestReader.read(
        bytes,
        bytes.length,
        1_000_000,
        (labels, times, values, histogramTimes, histograms, exemplars) ->
            out.add(
                labels
                    + " "
                    + Arrays.toString(times)
                    + Arrays.toString(values)
                    + Arrays.toString(histogramTimes)
                    + histograms.stream()
                        .map(h -> h.count() + "/" + Arrays.toString(h.positiveBuckets()))
                        .toList()
                    + exemplars.stream().map(e -> e.labels() + "=" + e.value()).toList()));
    return out;
  }

  @Test
  void readsSamplesHistogramsAndExemplars() throws Exception {
    assertThat(read(request()))
        .containsExactly(
            "{__name__=\"up\", job=\"a\"} [1000, 2000][1.5, 2.5][3000][3.0/[1.0, 1.0]]"
                + "[{trace=\"x\"}=0.5]");
    assertThat(read(new byte[0])).isEmpty();
  }

  @Test
  void namesWhereAMessageIsCutShort() {
    assertThatThrownBy(() -> read(new byte[] {10, 5, 1}))
        .isInstanceOf(WriteRequestReader.MalformedException.class)
        .hasMessage("unexpected EOF at byte 2");
    assertThatThrownBy(() -> read(new byte[] {15})).hasMessageContaining("illegal wire type 7");
  }

  /** Protobuf leaves it to the sender whether repeated numbers are packed. */
  @Test
  void readsBucketsThatAreNotPacked() throws Exception {
    Proto histogram =
        new Proto()
            .varint(1, 5)
            .nested(11, new Proto().varint(1, 0).varint(2, 2))
            .varint(12, 4)
            .varint(12, 2)
            .varint(15, 3000);
    Proto series = new Proto().nested(1, label("__name__", "up")).nested(4, histogram);
    assertThat(read(new Proto().nested(1, series).toBytes()))
        .containsExactly("{__name__=\"up\"} [][][3000][5.0/[2.0, 3.0]][]");
  }

  @Test
  void refusesFieldsOfAnotherType() {
    Proto series = new Proto().nested(2, new Proto().varint(1, 1).varint(2, 1000));
    assertThatThrownBy(() -> read(new Proto().nested(1, series).toBytes()))
        .isInstanceOf(WriteRequestReader.MalformedException.class)
        .hasMessageStartingWith("field 1 is not a double");
  }

  @Test
  void truncatedAndDamagedMessagesAreMalformedAndNothingElse() {
    long seed = Long.getLong("tests.seed", System.nanoTime());
    Random random = new Random(seed);
    byte[] whole = request();
    for (int n = 0; n < whole.length; n++) {
      tolerate(Arrays.copyOf(whole, n), seed);
    }
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = whole.clone();
      for (int k = random.nextInt(4); k >= 0; k--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      tolerate(bytes, seed);
    }
    for (int round = 0; round < 5_000; round++) {
      byte[] bytes = new byte[random.nextInt(60)];
      random.nextBytes(bytes);
      tolerate(bytes, seed);
    }
  }

  private static void tolerate(byte[] bytes, long seed) {
    try {
      read(bytes);
    } catch (WriteRequestReader.MalformedException e) {
      assertThat(e.getMessage()).isNotEmpty();
    } catch (RuntimeException e) {
      throw new AssertionError("-Dtests.seed=" + seed + " input " + Arrays.toString(bytes), e);
    }
  }

  @Test
  void manyDeltasAreReadInLinearTime() throws Exception {
    Proto series =
        new Proto()
            .nested(1, label("__name__", "up"))
            .nested(
                4,
                new Proto()
                    .nested(11, new Proto().varint(2, 500_000))
                    .bytes(12, new byte[500_000]));
    assertThat(read(new Proto().nested(1, series).toBytes())).hasSize(1);
  }

  /** Every one of these was copied whole for each element. */
  @Test
  void readsManyPartsInLinearTime() {
    int n = 400_000;
    Proto histogram = new Proto();
    for (int i = 0; i < n; i++) {
      histogram.bytes(11, new byte[0]);
    }
    histogram.bytes(12, new byte[0]);
    Proto many = new Proto().nested(1, label("__name__", "up"));
    for (int i = 0; i < n; i++) {
      many.bytes(4, new byte[0]);
    }
    Proto deltas = new Proto();
    for (int i = 0; i < n; i++) {
      deltas.bytes(12, new byte[] {0});
    }
    byte[] spans = new Proto().nested(1, new Proto().nested(4, histogram)).toBytes();
    byte[] histograms = new Proto().nested(1, many).toBytes();
    byte[] packed = new Proto().nested(1, new Proto().nested(4, deltas)).toBytes();
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          readQuietly(spans);
          readQuietly(histograms);
          readQuietly(packed);
        });
  }

  private static void readQuietly(byte[] bytes) {
    try {
      WriteRequestReader.read(bytes, bytes.length, 1_000_000, (l, t, v, ht, h, e) -> {});
    } catch (WriteRequestReader.MalformedException _) {
      // the time counts
    }
  }

  @Test
  void limitsRowsOfARequest() {
    Proto series = new Proto();
    for (int i = 0; i < 11; i++) {
      series.bytes(2, new byte[0]);
    }
    byte[] bytes = new Proto().nested(1, series).toBytes();
    assertThatThrownBy(
            () -> WriteRequestReader.read(bytes, bytes.length, 10, (l, t, v, ht, h, e) -> {}))
        .isInstanceOf(WriteRequestReader.MalformedException.class)
        .hasMessageContaining("send less at once");
  }

  @Test
  void moreLabelsThanTheStorageTakesAreNone() throws Exception {
    Proto series = new Proto().nested(1, label("__name__", "up"));
    for (int i = 1; i < 1 << 16; i++) {
      series.nested(1, label("l" + i, "v"));
    }
    assertThat(read(new Proto().nested(1, series).toBytes()))
        .singleElement()
        .asString()
        .startsWith("{__name__=");
    series.nested(1, label("more", "v"));
    assertThat(read(new Proto().nested(1, series).toBytes()))
        .singleElement()
        .asString()
        .startsWith("null ");
  }

  @Test
  void exemplarsOfMoreLabelsThanAnyMayHaveAreLeftOut() throws Exception {
    Proto exemplar = new Proto();
    for (int i = 0; i < 129; i++) {
      exemplar.nested(1, label("l" + i, "v"));
    }
    Proto series =
        new Proto()
            .nested(1, label("__name__", "up"))
            .nested(2, new Proto().varint(2, 5))
            .nested(3, exemplar);
    assertThat(read(new Proto().nested(1, series).toBytes()))
        .containsExactly("{__name__=\"up\"} [5][0.0][][][]");
  }

  @Test
  void invalidLabelsAreNone() throws Exception {
    byte[] notUtf8 = {(byte) 0xc3, 0x28};
    for (Proto bad :
        List.of(
            new Proto().text(1, "").text(2, "v"),
            new Proto().bytes(1, notUtf8).text(2, "v"),
            new Proto().text(1, "a").bytes(2, notUtf8),
            label("__name__", "again"))) {
      byte[] bytes =
          new Proto()
              .nested(1, new Proto().nested(1, label("__name__", "up")).nested(1, bad))
              .toBytes();
      assertThat(read(bytes)).singleElement().asString().startsWith("null ");
    }
    assertThat(
            read(
                new Proto()
                    .nested(
                        1,
                        new Proto()
                            .nested(1, label("__name__", "up"))
                            .nested(1, label("a", "\uFFFD")))
                    .toBytes()))
        .singleElement()
        .asString()
        .contains("\uFFFD");
  }
}
