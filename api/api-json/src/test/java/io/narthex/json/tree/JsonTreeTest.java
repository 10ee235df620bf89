package io.narthex.json.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class JsonTreeTest {
  private static InputStream in(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static @Nullable Object read(String text) throws IOException {
    return JsonTree.read(in(text));
  }

  @Test
  void numbersAndBooleansAreTextsAsWritten() throws IOException {
    assertThat(read("{\"a\":[1,1.50,true,null,\"x\\u00e9\"],\"b\":{\"c\":{}}}"))
        .isEqualTo(
            Map.of(
                "a",
                java.util.Arrays.asList("1", "1.50", "true", null, "xé"),
                "b",
                Map.of("c", Map.of())));
    assertThat(read("null")).isNull();
  }

  @Test
  void pathsThatLeadNowhereAreEmpty() throws IOException {
    Object node = read("{\"a\":{\"n\":3,\"l\":[1],\"m\":{\"k\":\"v\",\"z\":null}}}");
    assertThat(JsonTree.text(node, "a", "n")).isEqualTo("3");
    assertThat(JsonTree.text(node, "a", "l")).isEmpty();
    assertThat(JsonTree.text(node, "x", "y")).isEmpty();
    assertThat(JsonTree.list(node, "a", "l")).isEqualTo(List.of("1"));
    assertThat(JsonTree.list(node, "a", "n")).isEmpty();
    assertThat(JsonTree.texts(node, "a", "m")).isEqualTo(Map.of("k", "v", "z", ""));
    assertThat(JsonTree.texts(null, "a")).isEmpty();
    assertThat(JsonTree.at(node)).isSameAs(node);
  }

  @Test
  void refusesWhatIsNoWholeValue() {
    for (String bad : List.of("", "{\"a\":1", "[1,", "{\"a\":}", "nul", "{} {}", "[1] x")) {
      assertThatThrownBy(() -> read(bad)).as(bad).isInstanceOf(IOException.class);
    }
  }

  @Test
  @Timeout(20)
  void handsAValueOverBeforeTheNextHasCome() throws IOException {
    try (PipedOutputStream out = new PipedOutputStream();
        PipedInputStream in = new PipedInputStream(out)) {
      out.write("{\"a\":1}\n".getBytes(StandardCharsets.UTF_8));
      out.flush();
      try (JsonParser p = JsonTree.parser(in)) {
        p.nextToken();
        assertThat(JsonTree.value(p)).isEqualTo(Map.of("a", "1"));
      }
    }
  }
}
