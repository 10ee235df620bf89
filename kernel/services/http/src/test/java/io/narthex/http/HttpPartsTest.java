package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.service.query.QueryResult.Series;
import io.narthex.service.query.QueryResult.VectorSample;
import jakarta.servlet.http.HttpServletRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpPartsTest {
  private static Parameters parameters(String name, String value) {
    Map<String, String[]> values = Map.of(name, new String[] {value});
    return new Parameters(
        (HttpServletRequest)
            Proxy.newProxyInstance(
                HttpServletRequest.class.getClassLoader(),
                new Class<?>[] {HttpServletRequest.class},
                (p, m, a) ->
                    switch (m.getName()) {
                      case "getParameter" -> values.containsKey(a[0]) ? values.get(a[0])[0] : null;
                      case "getParameterValues" -> values.get(a[0]);
                      default -> throw new UnsupportedOperationException(m.getName());
                    }));
  }

  @Test
  void bothWritersOfJsonGiveTheSameStrings() throws IOException {
    StringBuilder text = new StringBuilder("\u2028\u2029\ufeff\ufffe\uffff\ud83d\ude00");
    for (char c = 0; c < 0x250; c++) {
      text.append(c);
    }
    ByteArrayOutputStream streamed = new ByteArrayOutputStream();
    JsonBytes json = new JsonBytes(streamed);
    json.text(text.toString());
    json.flush();
    ByteArrayOutputStream generated = new ByteArrayOutputStream();
    Json.write(generated, out -> out.string(text.toString()));
    assertThat(streamed.toString(StandardCharsets.UTF_8))
        .isEqualTo(generated.toString(StandardCharsets.UTF_8));
  }

  @Test
  void writesValuesOfEveryKind() throws IOException {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    Map<String, Object> value = new LinkedHashMap<>();
    value.put("list", Arrays.asList("a", null, true));
    value.put("numbers", List.of(1, 2L, 0.5, new BigDecimal("1.25")));
    Json.write(written, out -> out.value(value));
    assertThat(written).hasToString("{\"list\":[\"a\",null,true],\"numbers\":[1,2,0.5,1.25]}");
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "1.5,1500",
    "1e3,1000000",
    "-1.5,-1500",
    "1700000000.123,1700000000123",
    ".5,500",
    "2020-01-01T00:00:00Z,1577836800000",
    "2020-01-01T01:00:00.5+01:00,1577836800500",
    "1_000.5,1000500",
    "0xFFp1,510000",
    "+5,5000",
    "1e300,0",
    "-1e300,0",
    "292277025-08-18T07:12:54.999999999Z,9223372036854",
    "-292273086-05-16T16:47:06Z,-9223372036854",
    "'2020-01-01T00:00:00,5Z',1577836800500",
    "2020-01-01T00:00:00.1239999999Z,1577836800123",
    "2020-01-01T0:00:00Z,1577836800000",
    "2020-01-01T00:00:00+24:00,1577750400000"
  })
  void readsTimes(String text, long expected) {
    assertThat(parameters("time", text).time("time", 7)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "x",
    "2020-01-01",
    "2020-01-01T00:00:00",
    "1d",
    "0x10",
    "1f",
    "''x",
    "1__0",
    "_1",
    "0xFF",
    "2020-01-01t00:00:00Z",
    "2020-01-01T00:00:00z",
    "2020-01-01T00:00Z",
    "2020-01-01T24:00:00Z",
    "2020-02-30T00:00:00Z",
    "2020-01-01T00:00:00.Z",
    "2020-01-01T00:00:00+0100",
    "1e400",
    "+292277025-08-18T07:12:54.999999999Z",
    "20200-01-01T00:00:00Z"
  })
  void refusesTimesWithTheOriginalsText(String text) {
    assertThatThrownBy(() -> parameters("time", text).time("time", 7))
        .hasMessage(
            "invalid parameter \"time\": invalid time value for 'time': cannot parse \""
                + text
                + "\" to a valid timestamp");
    assertThatThrownBy(() -> parameters("start", text).requiredTime("start"))
        .hasMessage(
            "invalid parameter \"start\": cannot parse \"" + text + "\" to a valid timestamp");
  }

  @ParameterizedTest
  @CsvSource({"15,15000", "1.5,1500", "1m,60000", "1h30m,5400000", "1e2,100000", "15s,15000"})
  void readsDurations(String text, long expected) {
    assertThat(parameters("step", text).requiredDurationMs("step")).isEqualTo(expected);
    assertThat(parameters("step", text).duration("step")).isEqualTo(Duration.ofMillis(expected));
  }

  @Test
  void refusesDurationsWithTheOriginalsText() {
    assertThatThrownBy(() -> parameters("step", "x").requiredDurationMs("step"))
        .hasMessage("invalid parameter \"step\": cannot parse \"x\" to a valid duration");
    assertThatThrownBy(() -> parameters("step", "1e20").requiredDurationMs("step"))
        .hasMessage(
            "invalid parameter \"step\": cannot parse \"1e20\" to a valid duration. It overflows int64");
    assertThat(parameters("other", "1").duration("step")).isNull();
  }

  @Test
  void refusesLimitsWithTheOriginalsText() {
    assertThat(parameters("limit", "5").limit("limit")).isEqualTo(5);
    assertThat(parameters("other", "5").limit("limit")).isZero();
    assertThatThrownBy(() -> parameters("limit", "-1").limit("limit"))
        .hasMessage("invalid parameter \"limit\": limit must be non-negative");
    assertThatThrownBy(() -> parameters("limit", "1.5").limit("limit"))
        .hasMessage("invalid parameter \"limit\": strconv.Atoi: parsing \"1.5\": invalid syntax");
    assertThatThrownBy(() -> parameters("limit", "x").number("limit", -1))
        .hasMessage("limit must be a number");
  }

  @ParameterizedTest
  @CsvSource({
    "job,job",
    "U__a_2d_b,a-b",
    "U__a__b,a_b",
    "U___1F600_,😀",
    "U__a_zz_,U__a_zz_",
    "U__a_2d,U__a_2d",
    "U__a__,a_",
    "U__,''"
  })
  void unescapesNames(String text, String expected) {
    assertThat(EscapedName.unescape(text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1e+00",
    "0,0e+00",
    "-0.0,-0e+00",
    "0.1,1e-01",
    "123456,1.23456e+05",
    "-2.5e-12,-2.5e-12",
    "1e100,1e+100",
    "Infinity,+Inf",
    "NaN,NaN"
  })
  void writesValuesOfAlertsWithExponent(double value, String expected) {
    assertThat(RulesApi.exponent(value)).isEqualTo(expected);
  }

  @Test
  void readsListenAddresses() {
    assertThat(ListenAddress.parse("0.0.0.0:9090")).isEqualTo(new ListenAddress(null, 9090));
    assertThat(ListenAddress.parse(":0")).isEqualTo(new ListenAddress(null, 0));
    assertThat(ListenAddress.parse("[::1]:80")).isEqualTo(new ListenAddress("::1", 80));
    assertThat(ListenAddress.parse("localhost:80")).isEqualTo(new ListenAddress("localhost", 80));
    for (String bad : List.of("9090", "host", "host:", "host:x", "host:65536", "")) {
      assertThatThrownBy(() -> ListenAddress.parse(bad)).hasMessageContaining("must be host:port");
    }
  }

  private interface Body {
    void write(JsonBytes out) throws IOException;
  }

  private static String json(Body body) throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    JsonBytes out = new JsonBytes(text);
    body.write(out);
    out.flush();
    return text.toString(StandardCharsets.UTF_8);
  }

  private static String result(Data data, int limit) throws IOException {
    return json(out -> {
      out.raw('{');
      new ResultWriter(out).write(data, limit);
      out.raw('}');
    });
  }

  @Test
  void escapesTextsAsJacksonDoes() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int c = 0; c < 0x3000; c++) {
      text.append((char) c);
    }
    text.appendCodePoint(0x1f600).append("\ud800x");
    String written = json(out -> out.text(text.toString()));
    assertThat(new JsonMapper().readTree(written).asText())
        .isEqualTo(text.toString().replace('\ud800', '\ufffd'));
    assertThat(written).startsWith("\"\\u0000").contains("\\b\\t\\n\\u000B\\f\\r");
  }

  @Test
  void tellsWhatWaitsUntilItIsPassedOn() throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    JsonBytes out = new JsonBytes(text);
    for (int i = 0; i < 50_000; i++) {
      out.raw('x');
    }
    assertThat(out.buffered()).isEqualTo(50_000);
    for (int i = 0; i < 50_000; i++) {
      out.raw('y');
    }
    assertThat(out.buffered()).isEqualTo(-1);
    out.flush();
    assertThat(text.toString(StandardCharsets.US_ASCII))
        .isEqualTo("x".repeat(50_000) + "y".repeat(50_000));
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "1000,1",
    "-1500,-1.500",
    "10001,10.001",
    "1700000000123,1700000000.123",
    "99000,99",
    "9223372036854775807,9223372036854775.807"
  })
  void writesTimes(long timeMs, String expected) {
    assertThat(ResultWriter.time(timeMs)).isEqualTo(expected);
  }

  @Test
  void writesMorePointsThanOneChunkHolds() throws IOException {
    int n = 5_000;
    long[] times = new long[n];
    double[] values = new double[n];
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < n; i++) {
      times[i] = 1_700_000_000_000L + i * 1_000L;
      values[i] = i / 3.0;
      expected.append(i == 0 ? "" : ",").append("[").append(1_700_000_000L + i).append(",\"");
      expected.append(ResultWriter.number(values[i])).append("\"]");
    }
    Series series =
        new Series(Labels.of("a", "b"), times, values, new long[0], new NativeHistogram[0]);
    assertThat(result(new Data.Matrix(List.of(series, series)), 1))
        .isEqualTo(
            "{\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"a\":\"b\"},\"values\":["
                + expected
                + "]}]}");
  }

  @Test
  void writesResults() throws IOException {
    assertThat(result(new Data.Scalar(1500, 2), 0))
        .isEqualTo("{\"resultType\":\"scalar\",\"result\":[1.500,\"2\"]}");
    assertThat(result(new Data.Text(-1000, "a\"b"), 0))
        .isEqualTo("{\"resultType\":\"string\",\"result\":[-1,\"a\\\"b\"]}");
    VectorSample sample = new VectorSample(Labels.of("a", "b"), 1, Double.NaN, null);
    assertThat(result(new Data.Vector(List.of(sample, sample)), 1))
        .isEqualTo(
            "{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"a\":\"b\"},\"value\":[0.001,\"NaN\"]}]}");
    Series series =
        new Series(
            Labels.EMPTY,
            new long[] {1000, 2000},
            new double[] {1e21, Double.NEGATIVE_INFINITY},
            new long[0],
            new NativeHistogram[0]);
    assertThat(result(new Data.Matrix(List.of(series)), 0))
        .isEqualTo(
            "{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"values\":[[1,\"1e+21\"],[2,\"-Inf\"]]}]}");
  }

  @Test
  void writesHistogramsWithBoundaryRules() throws IOException {
    NativeHistogram h =
        NativeHistogram.builder()
            .schema(0)
            .count(10)
            .sum(3.5)
            .zeroBucket(0.001, 2)
            .positive(new int[] {0, 2, 1, 1}, new double[] {1, 0, 3})
            .negative(new int[] {1, 1}, new double[] {4})
            .build();
    assertThat(json(out -> HistogramJson.write(out, h)))
        .isEqualTo(
            "{\"count\":\"10\",\"sum\":\"3.5\",\"buckets\":["
                + "[1,\"-2\",\"-1\",\"4\"],"
                + "[3,\"-0.001\",\"0.001\",\"2\"],"
                + "[0,\"0.5\",\"1\",\"1\"],"
                + "[0,\"4\",\"8\",\"3\"]]}");
  }

  @Test
  void writesCustomAndExtremeBuckets() throws IOException {
    NativeHistogram custom =
        NativeHistogram.builder()
            .schema(-53)
            .count(3)
            .sum(1)
            .positive(new int[] {0, 3}, new double[] {1, 1, 1})
            .customBounds(new double[] {0.5, 1})
            .build();
    assertThat(json(out -> HistogramJson.write(out, custom)))
        .contains("[3,\"-Inf\",\"0.5\",\"1\"],[0,\"0.5\",\"1\",\"1\"],[0,\"1\",\"+Inf\",\"1\"]");
    NativeHistogram extreme =
        NativeHistogram.builder()
            .schema(0)
            .count(2)
            .sum(1)
            .positive(new int[] {1024, 2}, new double[] {1, 1})
            .build();
    assertThat(json(out -> HistogramJson.write(out, extreme)))
        .contains(",\"1.7976931348623157e+308\",\"1\"],[0,\"1.7976931348623157e+308\",\"+Inf\"");
  }

  /** As the real Prometheus answers. */
  @Test
  void showsOfBucketsWhatTheZeroBucketLeaves() throws IOException {
    NativeHistogram h =
        NativeHistogram.builder()
            .schema(1)
            .count(5)
            .sum(3.5)
            .zeroBucket(0.6, 2)
            .positive(new int[] {-1, 3}, new double[] {1, 1, 1})
            .negative(new int[] {0, 1}, new double[] {4})
            .build();
    assertThat(json(out -> HistogramJson.write(out, h)))
        .contains(
            "[1,\"-1\",\"-0.7071067811865475\",\"4\"],"
                + "[3,\"-0.6\",\"0.6\",\"2\"],"
                + "[0,\"0.6\",\"0.7071067811865475\",\"1\"],"
                + "[0,\"0.7071067811865475\",\"1\",\"1\"],"
                + "[0,\"1\",\"1.414213562373095\",\"1\"]");
    assertThat(json(out -> HistogramJson.write(out, h.toBuilder().zeroBucket(0.6, -2).build())))
        .doesNotContain("[3,");
  }

  @ParameterizedTest
  @CsvSource({"1, 1B", "1024, 1KiB", "1610612736, 1GiB512MiB", "1099511627777, 1TiB1B"})
  void writesSizesInParts(long bytes, String text) {
    assertThat(StatusApi.size(bytes)).isEqualTo(text);
  }

  @Test
  void writesALargeResultInSmallPieces() throws Exception {
    long[] times = new long[10_000];
    double[] values = new double[times.length];
    for (int i = 0; i < times.length; i++) {
      times[i] = i * 1000L;
      values[i] = i / 7.0;
    }
    Series series =
        new Series(Labels.of("a", "b"), times, values, new long[0], new NativeHistogram[0]);
    long[] written = new long[2]; // in all, most at a time
    java.io.OutputStream counting =
        new java.io.OutputStream() {
          @Override
          public void write(int b) {
            throw new AssertionError("byte by byte");
          }

          @Override
          public void write(byte[] bytes, int from, int length) {
            written[0] += length;
            written[1] = Math.max(written[1], length);
          }
        };
    JsonBytes json = new JsonBytes(counting, Long.MAX_VALUE);
    new ResultWriter(json).write(new Data.Matrix(java.util.Collections.nCopies(300, series)), 0);
    json.flush();
    assertThat(written[0]).isGreaterThan(50_000_000);
    assertThat(written[1]).isLessThanOrEqualTo(64 << 10);
  }
}
