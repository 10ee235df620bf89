package io.narthex.bench.push;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.bench.push.Family.Kind;
import io.narthex.bench.push.Family.Metric;
import io.narthex.bench.push.Family.Point;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class BodiesTest {
  private static final String ONE = "\0\0\0\0\0\0\u00f0\u003f";
  private static final String INFINITY = "\0\0\0\0\0\0\u00f0\u007f";

  private static String protobuf(Family family) {
    return new String(ProtoBody.delimited(ProtoBody.messages(List.of(family))), ISO_8859_1);
  }

  @Test
  void aCounterInProtobuf() {
    Metric metric = new Metric(Map.of("x", "y"), 1, List.of(), null, null, null);
    assertThat(protobuf(new Family("a", Kind.COUNTER, "h", List.of(metric))))
        .isEqualTo(
            "\u001d\n\u0001a\u0012\u0001h\u0018\0\"\u0013\n\u0006\n\u0001x\u0012\u0001y\u001a\t\t"
                + ONE);
  }

  @Test
  void aHistogramInProtobufWithWhatItHasOnly() {
    Metric metric =
        new Metric(Map.of(), 0, List.of(new Point(Double.POSITIVE_INFINITY, 3)), null, 3.0, 5L);
    assertThat(protobuf(new Family("a", Kind.HISTOGRAM, "", List.of(metric))))
        .isEqualTo(
            "\u001a\n\u0001a\u0018\u0004\"\u0013:\u000f\b\u0003\u001a\u000b\b\u0003\u0011"
                + INFINITY
                + "0\u0005");
  }

  @Test
  void textBodiesAreMostlyWhatALibraryWrites() {
    Metric metric = new Metric(Map.of("x", "a\"b"), 0, List.of(new Point(0.5, 7)), 1.5, null, null);
    Family family = new Family("lag", Kind.SUMMARY, "One\ntwo", List.of(metric));
    TextBody text = new TextBody(new Dice(1));
    int plain = 0;
    Set<String> forms = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      String body = text.write(List.of(family));
      forms.add(body);
      plain +=
          body.equals(
                  """
                  # HELP lag One\\ntwo
                  # TYPE lag summary
                  lag{x="a\\"b",quantile="0.5"} 7
                  lag_sum{x="a\\"b"} 1.5
                  """)
              ? 1
              : 0;
    }
    assertThat(plain).isGreaterThan(100);
    assertThat(forms).hasSizeGreaterThan(200);
  }

  @Test
  void mutationsChangeAByteOrTwo() {
    byte[] body = "abcdefgh".getBytes(UTF_8);
    Mutations mutations = new Mutations(new Dice(1));
    Set<String> spoilt = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      byte[] other = mutations.spoil(body);
      assertThat(other.length).isBetween(body.length - 2, body.length + 2);
      spoilt.add(Arrays.toString(other));
      assertThat("abcdefgh").startsWith(new String(mutations.cut(body), UTF_8));
    }
    assertThat(spoilt).hasSizeGreaterThan(150);
  }

  @Test
  void pathsNameFewGroupsInManyForms() {
    RandomPaths paths = new RandomPaths(new Dice(1));
    Set<String> forms = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      String path = paths.group();
      assertThat(path).matches("/metrics/job(/|@base64/|%40base64/)[^ ]*");
      forms.add(path);
    }
    assertThat(forms.size()).isBetween(80, 600);
  }
}
