package io.narthex.http;

import static io.narthex.model.MetricType.HISTOGRAM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
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

    Proto append(Proto more) {
      out.writeBytes(more.out.toByteArray());
      return this;
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
    return read(bytes, false, 1_000_000);
  }

  /** Reads a request; a series becomes what it shows. */
  private static List<String> read(byte[] bytes, boolean second, int most)
      throws WriteRequestReader.MalformedException {
    List<String> out = new ArrayList<>();
    new WriteRequestReader(bytes, bytes.length, second, most)
        .read(
            new WriteRequestReader.Consumer() {
              @Override
              public void series(WriteRequestReader r)
                  throws WriteRequestReader.MalformedException {
                out.add(show(r));
              }

              @Override
              public void metadata(MetricMetadata m) {
                out.add(m.toString());
              }
            });
    return out;
  }

  private static String show(WriteRequestReader r) throws WriteRequestReader.MalformedException {
    List<Object> times = new ArrayList<>();
    List<Object> values = new ArrayList<>();
    List<Object> starts = new ArrayList<>();
    for (int i = 0; i < r.samples(); i++) {
      times.add(r.timeMs(i));
      values.add(r.value(i));
      starts.add(r.startMs(i));
    }
    List<Object> histogramTimes = new ArrayList<>();
    List<Object> histograms = new ArrayList<>();
    for (int i = 0; i < r.histograms(); i++) {
      histogramTimes.add(r.histogramTimeMs(i));
      NativeHistogram h = r.histogram(i);
      histograms.add(
          h == null
              ? r.histogramProblem()
              : h.count()
                  + "/"
                  + Arrays.toString(h.positiveBuckets())
                  + (h.hasCustomBuckets() ? Arrays.toString(h.customBounds()) : "")
                  + (r.histogramStartMs(i) == 0 ? "" : "since " + r.histogramStartMs(i)));
    }
    return r.labels()
        + " "
        + times
        + values
        + (starts.stream().allMatch(s -> s.equals(0L)) ? "" : "since " + starts)
        + histogramTimes
        + histograms
        + r.exemplars().stream().map(e -> e.labels() + "=" + e.value()).toList();
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

  private static byte[] oneHistogram(int count, int schema, byte[] deltas) {
    Proto histogram =
        new Proto()
            .varint(1, count)
            .varint(4, schema * 2L) // zigzag
            .nested(11, new Proto().varint(1, 0).varint(2, deltas.length))
            .bytes(12, deltas)
            .varint(15, 3000);
    Proto series = new Proto().nested(1, label("__name__", "up")).nested(4, histogram);
    return new Proto().nested(1, series).toBytes();
  }

  /** OpenTelemetry's exponential histograms have resolutions that are not stored. */
  @Test
  void lowersResolutionsThatAreNotStored() throws Exception {
    byte[] deltas = {2, 0, 0, 0}; // four buckets with 1 each
    assertThat(read(oneHistogram(4, 8, deltas)))
        .containsExactly("{__name__=\"up\"} [][][3000][4.0/[1.0, 1.0, 1.0, 1.0]][]");
    assertThat(read(oneHistogram(4, 9, deltas)))
        .containsExactly("{__name__=\"up\"} [][][3000][4.0/[1.0, 2.0, 1.0]][]");
    assertThat(read(oneHistogram(4, 52, deltas)))
        .containsExactly("{__name__=\"up\"} [][][3000][4.0/[1.0, 3.0]][]");
  }

  @Test
  void refusesACountOfWholeNumbersThatIsNotThatOfTheBuckets() {
    assertThatThrownBy(() -> read(oneHistogram(5, 0, new byte[] {2, 0})))
        .isInstanceOf(WriteRequestReader.MalformedException.class)
        .hasMessageContaining("2 observations found in buckets, but the Count field is 5");
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
      new WriteRequestReader(bytes, bytes.length, false, 1_000_000).read(series -> {});
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
    assertThatThrownBy(() -> new WriteRequestReader(bytes, bytes.length, false, 10).read(r -> {}))
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

  // ---- remote write 2.0 ----------------------------------------------------------------------

  /** A request of 2.0; its symbols are numbered as they are first asked for. */
  static final class Second {
    private final List<String> symbols = new ArrayList<>(List.of(""));
    private final Proto series = new Proto();

    int symbol(String text) {
      int at = symbols.indexOf(text);
      if (at < 0) {
        symbols.add(text);
      }
      return at < 0 ? symbols.size() - 1 : at;
    }

    Proto packed(String... texts) {
      Proto packed = new Proto();
      for (String text : texts) {
        packed.raw(symbol(text));
      }
      return packed;
    }

    /** Returns a field of packed references. */
    Proto refs(String... texts) {
      return new Proto().nested(1, packed(texts));
    }

    Proto metadata(int type, String help, String unit) {
      return new Proto()
          .nested(5, new Proto().varint(1, type).varint(3, symbol(help)).varint(4, symbol(unit)));
    }

    Second series(Proto... parts) {
      Proto all = new Proto();
      for (Proto part : parts) {
        all.append(part);
      }
      series.nested(5, all);
      return this;
    }

    byte[] toBytes() {
      Proto all = new Proto();
      for (String symbol : symbols) {
        all.text(4, symbol);
      }
      return all.append(series).toBytes();
    }
  }

  static Proto sample2(long timeMs, double value, long startMs) {
    return new Proto().nested(2, new Proto().number(1, value).varint(2, timeMs).varint(3, startMs));
  }

  static Proto histogram2(long timeMs, long startMs) {
    return new Proto()
        .nested(
            3,
            new Proto()
                .varint(1, 3)
                .number(3, 7.5)
                .varint(4, 105) // zigzag of -53
                .nested(11, new Proto().varint(1, 0).varint(2, 2))
                .bytes(12, new byte[] {2, 2})
                .varint(15, timeMs)
                .bytes(
                    16,
                    ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(0.5).array())
                .varint(17, startMs));
  }

  static Proto exemplar2(Second request, long timeMs, String... labels) {
    return new Proto().nested(4, request.refs(labels).number(2, 0.5).varint(3, timeMs));
  }

  @Test
  void readsARequestOfTheSecondVersion() throws Exception {
    Second request = new Second();
    request.series(
        request.refs("__name__", "requests_total", "job", "a"),
        sample2(1000, 1.5, 500),
        sample2(2000, 2.5, 0),
        exemplar2(request, 1500, "trace", "x"),
        request.metadata(1, "All requests.", "requests"));
    request.series(
        request.refs("__name__", "wait", "job", "a"),
        histogram2(3000, 0),
        new Proto().varint(6, 40));
    assertThat(read(request.toBytes(), true, 100))
        .containsExactly(
            "{__name__=\"requests_total\", job=\"a\"} [1000, 2000][1.5, 2.5]since [500, 0][][]"
                + "[{trace=\"x\"}=0.5]",
            "{__name__=\"wait\", job=\"a\"} [][][3000][3.0/[1.0, 2.0][0.5]since 40][]");
  }

  /** What is known of a series by 1.0 is known by 2.0. */
  @Test
  void labelsHaveTheSameBytesInBothVersions() throws Exception {
    Second request = new Second();
    request.series(request.refs("__name__", "up", "job", "a".repeat(200)), sample2(1, 1, 0));
    byte[] first =
        new Proto()
            .nested(
                1,
                new Proto()
                    .nested(1, label("__name__", "up"))
                    .nested(1, label("job", "a".repeat(200)))
                    .nested(2, new Proto().varint(2, 1)))
            .toBytes();
    assertThat(labelBytes(request.toBytes(), true)).isEqualTo(labelBytes(first, false));
  }

  /** Labels before, between and after samples are those of one series, and so is what follows. */
  @Test
  void labelsNeedNotFollowEachOther() throws Exception {
    Proto together =
        new Proto()
            .nested(1, label("__name__", "up"))
            .nested(1, label("instance", "i"))
            .nested(1, label("job", "a".repeat(300)))
            .nested(2, new Proto().varint(2, 1));
    Proto apart =
        new Proto()
            .nested(1, label("__name__", "up"))
            .nested(2, new Proto().varint(2, 1))
            .nested(1, label("instance", "i"))
            .nested(3, new Proto())
            .nested(1, label("job", "a".repeat(300)));
    byte[] bytes = new Proto().nested(1, together).nested(1, apart).nested(1, together).toBytes();
    List<Labels> found = new ArrayList<>();
    List<byte[]> keys = new ArrayList<>();
    WriteRequestReader reader = new WriteRequestReader(bytes, bytes.length, false, 10);
    List<int[]> places = new ArrayList<>();
    reader.read(r -> {
      found.add(r.labels());
      keys.add(labelBytes(r));
      places.add(new int[] {r.from(), r.to()});
    });
    Labels expected = Labels.of("__name__", "up", "instance", "i", "job", "a".repeat(300));
    assertThat(found).containsExactly(expected, expected, expected);
    assertThat(keys.get(1)).isEqualTo(keys.get(0));
    assertThat(keys.get(2)).isEqualTo(keys.get(0));
    for (int i : new int[] {1, 0, 2}) {
      reader.again(places.get(i)[0], places.get(i)[1]);
      assertThat(labelBytes(reader)).isEqualTo(keys.get(0));
      assertThat((Object) reader.labels()).isEqualTo(expected);
    }
  }

  private static byte[] labelBytes(WriteRequestReader r) {
    return Arrays.copyOfRange(r.labelBytes(), r.labelsFrom(), r.labelsFrom() + r.labelsLength());
  }

  private static byte[] labelBytes(byte[] bytes, boolean second) throws Exception {
    byte[][] found = new byte[1][];
    new WriteRequestReader(bytes, bytes.length, second, 10).read(r -> found[0] = labelBytes(r));
    return found[0];
  }

  @Test
  void seriesOfARequestShareTheTextsOfSymbols() throws Exception {
    Second request = new Second();
    for (String job : List.of("a", "b")) {
      request.series(request.refs("__name__", "up", "job", job), sample2(1, 1, 0));
    }
    byte[] bytes = request.toBytes();
    List<Labels> found = new ArrayList<>();
    new WriteRequestReader(bytes, bytes.length, true, 10).read(r -> found.add(r.labels()));
    assertThat(found)
        .containsExactly(
            Labels.of("__name__", "up", "job", "a"), Labels.of("__name__", "up", "job", "b"));
    assertThat(found.get(1).value(0)).isSameAs(found.get(0).value(0));
    assertThat(found.get(1).name(1)).isSameAs(found.get(0).name(1));
  }

  @Test
  void symbolsMayFollowTheSeriesAndReferencesNeedNotBePacked() throws Exception {
    Proto series =
        new Proto().varint(1, 1).varint(1, 2).nested(2, new Proto().number(1, 4).varint(2, 7));
    byte[] bytes =
        new Proto().nested(5, series).text(4, "").text(4, "__name__").text(4, "up").toBytes();
    assertThat(read(bytes, true, 10)).containsExactly("{__name__=\"up\"} [7][4.0][][][]");
  }

  /** A symbol of a megabyte in each of many series would be copied for each of them. */
  @Test
  void fewSymbolsInManyLabelsAreBoundedByWhatTheyWouldBeWrittenOut() {
    Second request = new Second();
    String large = "x".repeat(1 << 20);
    for (int i = 0; i < 100; i++) {
      request.series(request.refs("__name__", large), sample2(1, 1, 0));
    }
    byte[] bytes = request.toBytes();
    assertThatThrownBy(() -> read(bytes, true, 1000))
        .isInstanceOf(WriteRequestReader.MalformedException.class)
        .hasMessageContaining("send less at once");
  }

  @Test
  void symbolsOfARequestAreBounded() {
    byte[] bytes = new byte[(2 << 20) + 4];
    for (int i = 0; i < bytes.length; i += 2) {
      bytes[i] = 4 << 3 | 2; // an empty symbol
    }
    assertThatThrownBy(() -> read(bytes, true, 1000)).hasMessageContaining("symbols");
  }

  @Test
  void damagedMessagesOfTheSecondVersionAreMalformedAndNothingElse() {
    Second request = new Second();
    request.series(
        request.refs("__name__", "requests_total", "job", "a"),
        sample2(1000, 1.5, 500),
        exemplar2(request, 1500, "trace", "x"),
        histogram2(3000, 7),
        request.metadata(1, "All requests.", "requests"));
    byte[] whole = request.toBytes();
    long seed = Long.getLong("tests.seed", System.nanoTime());
    Random random = new Random(seed);
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = Arrays.copyOf(whole, round < whole.length ? round : whole.length);
      for (int k = random.nextInt(4); bytes.length > 0 && k >= 0; k--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        new WriteRequestReader(bytes, bytes.length, true, 1000)
            .read(r -> {
              show(r);
              r.labelsProblem();
              r.metadataHash();
              r.metadata("a");
            });
      } catch (WriteRequestReader.MalformedException e) {
        assertThat(e.getMessage()).isNotEmpty();
      } catch (RuntimeException e) {
        throw new AssertionError("-Dtests.seed=" + seed + " " + Arrays.toString(bytes), e);
      }
    }
  }

  @Test
  void metadataOfAFamilyIsReadInBothVersions() throws Exception {
    byte[] first =
        new Proto()
            .nested(
                3, new Proto().varint(1, 3).text(2, "wait").text(4, "How long.").text(5, "seconds"))
            .toBytes();
    assertThat(read(first))
        .containsExactly(new MetricMetadata("wait", HISTOGRAM, "How long.", "seconds").toString());
    Second request = new Second();
    request.series(
        request.refs("__name__", "wait_bucket", "le", "1"),
        sample2(1, 1, 0),
        request.metadata(3, "How long.", "seconds"));
    byte[] bytes = request.toBytes();
    List<MetricMetadata> found = new ArrayList<>();
    new WriteRequestReader(bytes, bytes.length, true, 10)
        .read(r -> found.add(r.metadata("wait_bucket")));
    assertThat(found)
        .containsExactly(new MetricMetadata("wait", HISTOGRAM, "How long.", "seconds"));
  }
}
