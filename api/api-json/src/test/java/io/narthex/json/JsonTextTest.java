package io.narthex.json;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JsonTextTest {
  @Test
  void keepsOrderAndWritesNoBlanks() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("b", Arrays.asList(1, true, null, "x"));
    map.put("a", Map.of());
    map.put("c", List.of());
    assertThat(JsonText.of(map)).isEqualTo("{\"b\":[1,true,null,\"x\"],\"a\":{},\"c\":[]}");
  }

  @Test
  void escapesWhatMarkupAndScriptsWouldTakeForTheirOwn() {
    assertThat(JsonText.of("<a href=\"x\">&\\\b\f\n\r\t\u0001\u2028\u2029é😀"))
        .isEqualTo(
            "\"\\u003ca href=\\\"x\\\"\\u003e\\u0026\\\\\\b\\f\\n\\r\\t\\u0001\\u2028\\u2029é😀\"");
  }

  @Test
  void replacesHalvesOfPairs() {
    assertThat(JsonText.of("a\ud83db\ude00")).isEqualTo("\"a\ufffdb\ufffd\"");
  }

  @Test
  void writesNumbersAsGoDoes() {
    assertThat(
            JsonText.of(
                List.of(
                    5.0,
                    0.1,
                    -2.5,
                    1e20,
                    1e21,
                    1.5e300,
                    1e-6,
                    1e-7,
                    -1.25e-9,
                    0.0,
                    -0.0,
                    7L,
                    Double.MAX_VALUE,
                    Double.NaN,
                    Double.NEGATIVE_INFINITY)))
        .isEqualTo(
            "[5,0.1,-2.5,100000000000000000000,1e+21,1.5e+300,0.000001,1e-7,-1.25e-9,0,-0,7,"
                + "1.7976931348623157e+308,\"NaN\",\"-Infinity\"]");
  }
}
