package io.narthex.http.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.http.pages.DashboardDocument.Invalid;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DashboardDocumentTest {
  private static DashboardDocument read(String json) throws Invalid {
    return DashboardDocument.read(json.getBytes(StandardCharsets.UTF_8), null);
  }

  private static String within(String json) throws Invalid {
    DashboardDocument d = read(json);
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    return new String(Arrays.copyOfRange(bytes, d.start(), d.end()), StandardCharsets.UTF_8);
  }

  @Test
  void aDocumentSaysWhatItIs() throws Exception {
    DashboardDocument d =
        read(
            """
            {"panels": [{"title": "inner", "uid": "inner"}], "tags": ["a", 7, ["x"], "b"],
             "title": "Node", "uid": "node-1", "templating": {"title": "no"}}\
            """);
    assertThat(d.uid()).isEqualTo("node-1");
    assertThat(d.title()).isEqualTo("Node");
    assertThat(d.tags()).containsExactly("a", "b");
  }

  @Test
  void aWrappedDocumentIsFoundByItsBytes() throws Exception {
    String inner = "{\"title\": \"Größe 😀\", \"rows\": [], \"x\": \"é\"}";
    assertThat(
            within("  {\"meta\": {\"slug\": \"ü€😀\"}, \"dashboard\": " + inner + ", \"a\": 1} "))
        .isEqualTo(inner);
    assertThat(within(" " + inner + "\n")).isEqualTo(inner);
  }

  @Test
  void aResourceIsKeptWholeAndItsNameIsTheUid() throws Exception {
    String newer =
        """
        {"apiVersion": "dashboard.grafana.app/v2", "kind": "Dashboard",
         "metadata": {"labels": {"name": "no"}, "name": "one", "generation": 7},
         "spec": {"title": "New", "tags": ["a"], "elements": {"uid": "no"}, "layout": {"title": "no"}}}\
        """;
    assertThat(read(newer).uid()).isEqualTo("one");
    assertThat(read(newer).title()).isEqualTo("New");
    assertThat(read(newer).tags()).containsExactly("a");
    assertThat(within(" " + newer)).isEqualTo(newer);
    String classic = "{\"spec\": {\"title\": \"B c\", \"panels\": []}}";
    assertThat(read(classic).uid()).isEqualTo("b-c");
    assertThat(read("{\"title\": \"a\", \"elements\": {}, \"layout\": {}}").uid()).isEqualTo("a");
  }

  @ParameterizedTest
  @CsvSource({
    "Node exporter / full, node-exporter-full",
    "'  --CPU (%) ', cpu",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbb, aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "Größe, gr-e"
  })
  void aTitleGivesAUid(String title, String uid) throws Exception {
    assertThat(read("{\"title\": \"" + title + "\", \"panels\": []}").uid()).isEqualTo(uid);
  }

  @Test
  void titlesWithoutLettersHaveDifferentUids() throws Exception {
    String a = read("{\"title\": \"负载\", \"panels\": []}").uid();
    String b = read("{\"title\": \"内存\", \"panels\": []}").uid();
    assertThat(a).matches("dashboard-[0-9a-f]{12}").isNotEqualTo(b);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[]|is no dashboard: it must be a JSON object",
        "{}|neither \"panels\" nor \"rows\"",
        "{\"title\": \"a\", \"panels\": 7}|neither \"panels\" nor \"rows\"",
        "{\"title\": \"a\", \"elements\": {}}|nor \"elements\" with a \"layout\"",
        "{\"spec\": {\"title\": \"a\"}}|neither \"panels\" nor \"rows\"",
        "{\"metadata\": {\"name\": \"a/b\"}, \"spec\": {\"title\": \"a\", \"panels\": []}}|got \"a/b\"",
        "{\"dashboard\": {\"title\": \"a\"}}|neither \"panels\" nor \"rows\"",
        "{\"panels\": []}|\"title\" is missing",
        "{\"title\": \" \", \"panels\": []}|\"title\" is missing",
        "{\"title\": \"a\", \"uid\": \"a/b\", \"panels\": []}|got \"a/b\"",
        "{\"title\": \"a\", \"panels\": []} {}|something follows",
        "{\"title\": \"a\", \"panels\": [|line 1, column",
        "{\"title\": \"a\", \"panels\": [}|line 1, column 27: Unexpected close marker"
      })
  void whatIsNoDashboardIsRefusedWithAReason(String json, String reason) {
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(Invalid.class)
        .hasMessageContaining(reason)
        .hasMessageNotContaining("Source:");
  }

  @Test
  void depthSizeAndEncodingAreBounded() throws Exception {
    String deep = "{\"title\": \"a\", \"panels\": %s1%s}";
    assertThat(read(deep.formatted("[".repeat(99), "]".repeat(99))).uid()).isEqualTo("a");
    assertThatThrownBy(() -> read(deep.formatted("[".repeat(100), "]".repeat(100))))
        .hasMessageContaining("more than 100 levels");
    assertThatThrownBy(() -> read(deep.formatted("[".repeat(500_000), "")))
        .hasMessageContaining("more than 100 levels");
    assertThatThrownBy(() -> read("{\"title\": \"" + "t".repeat(501) + "\", \"panels\": []}"))
        .hasMessageContaining("at most 500 characters, got 501");
    assertThatThrownBy(
            () -> DashboardDocument.read(new byte[DashboardDocument.MAX_BYTES + 1], null))
        .hasMessageContaining("at most 2 MiB");
    assertThatThrownBy(() ->
            DashboardDocument.read(
                "{\"title\": \"ü\", \"panels\": []}".getBytes(StandardCharsets.ISO_8859_1), null))
        .hasMessageContaining("is not UTF-8");
  }
}
