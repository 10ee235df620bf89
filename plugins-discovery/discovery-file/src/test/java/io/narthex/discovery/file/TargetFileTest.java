package io.narthex.discovery.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.TargetGroup;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What Prometheus makes of each of these files was looked up there. */
final class TargetFileTest {
  @TempDir Path folder;

  /** Returns the targets of a file with the labels of their groups. */
  private List<String> read(String name, byte[] bytes) throws IOException {
    Path file = folder.resolve(name);
    Files.write(file, bytes);
    List<String> all = new ArrayList<>();
    for (TargetGroup g : TargetFile.read(file)) {
      Map<String, String> labels = new TreeMap<>(g.labels());
      assertThat(labels.remove("__meta_filepath")).isEqualTo(file.toString());
      g.targets().forEach(t -> all.add(t.get("__address__") + labels));
    }
    return all;
  }

  private List<String> yaml(String text) throws IOException {
    return read("a.yml", text.getBytes(StandardCharsets.UTF_8));
  }

  private List<String> json(String text) throws IOException {
    return read("a.json", text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void readsMergeKeysAndAliases() throws IOException {
    assertThat(
            yaml(
                """
                - &x {targets: ['h:1'], labels: &l {a: b}}
                - {targets: ['h:2'], labels: {<<: *l, c: d}}
                - {<<: *x, targets: ['h:3']}
                - {targets: ['h:4'], <<: *x}
                """))
        .containsExactly("h:1{a=b}", "h:2{a=b, c=d}", "h:3{a=b}", "h:1{a=b}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "- targets: ['h:1']\n---\n- targets: ['h:2']\n",
        "- targets: ['h:1']\n---\n",
        "- targets: ['h:1']\n...\n- [\n",
        "[{targets: ['h:1']}] foo\n",
        "- targets:\t['h:1']\t# c\n"
      })
  void readsTheFirstDocumentAlone(String text) throws IOException {
    assertThat(yaml(text)).containsExactly("h:1{}");
  }

  @Test
  void aLabelWithoutValueIsNone() throws IOException {
    assertThat(
            yaml(
                "- targets: ['h:1', null]\n  labels: {a: null, b: ~, c: , d: x, e: 'null', f: ''}\n"))
        .containsExactly("h:1{d=x, e=null}");
    assertThat(json("[{\"targets\":[\"h:1\"],\"labels\":{\"a\":null,\"b\":\"\",\"c\":\"d\"}}]"))
        .containsExactly("h:1{c=d}");
  }

  @Test
  void textsKeepTheirSpellingAndBinaryIsDecoded() throws IOException {
    assertThat(yaml("- targets: [123, 0x1F, yes]\n  labels: {a: 1.50, b: !!binary aGk=}\n"))
        .containsExactly("123{a=1.50, b=hi}", "0x1F{a=1.50, b=hi}", "yes{a=1.50, b=hi}");
  }

  @Test
  void takesYamlInUtf16() throws IOException {
    for (String charset : List.of("UTF-16BE", "UTF-16LE")) {
      assertThat(read("a.yml", "\ufeff- targets: ['h:1']\n".getBytes(Charset.forName(charset))))
          .containsExactly("h:1{}");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "- targets: ['h:1']\n  labels: {a: a, a: b}\n",
        "- targets: ['h:1']\n  targets: ['h:2']\n",
        "- targets: ['h:1']\n  labels: {'': a}\n",
        "- targets: ['h:1']\n  labels: {a: !!binary /w==}\n",
        "- targets: ['h:1']\n  labels: {a: \"\\ud83d\"}\n",
        "- targets: ['h:1']\n  foo: a\n",
        "- Targets: ['h:1']\n",
        "- targets: h:1\n",
        "- targets: ['h:1', {a: b}]\n",
        "- targets: ['h:1']\n  labels: []\n",
        "targets: [a]\n",
        "{}\n",
        "- null\n",
        "foo\n"
      })
  void refusesOtherYaml(String text) {
    assertThatThrownBy(() -> yaml(text))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("a.yml:");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[{'Targets':['h:1'],'LABELS':{'a':'b'}}] | h:1{a=b}",
        "[{'targets':['h:1'],'targets':['h:2'],'labels':{'a':'1'},'labels':{'b':'2'}}] | h:2{b=2}",
        "[{'targets':['h:1'],'labels':{'a':'1','a':'2'}}] | h:1{a=2}",
        "[{'targets':['h:1'],'labels':{'a':'x\\ud83dy'}}] | h:1{a=x\ufffdy}",
        "[{'targets':['h:1'],'labels':{'a':'\\ud83d\\ude00\\ude00\\ud83d'}}] |"
            + " h:1{a=\ud83d\ude00\ufffd\ufffd}",
        "[{'targets':['h:1'],'labels':{'a':'\u007f\uffff'}}] | h:1{a=\u007f\uffff}",
        "[{'targets':['h:1'],'labels':null}] | h:1{}",
        "[{'t\\u0061rgets':['h:1'],'labels':{'a':'\\/'}}] | h:1{a=/}"
      })
  void readsJsonAsGoDoes(String text, String target) throws IOException {
    assertThat(json(text.replace('\'', '"'))).containsExactly(target);
  }

  @Test
  void whatIsNotUtf8IsReplacedInJsonAndRefusedInYaml() throws IOException {
    String text =
        "[{\"targets\":[\"h:1\"],\"labels\":{\"a\u00ff\":\"x\u00ff\u00fe\u00e2\u0082y\"}}]";
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    assertThat(read("a.json", bytes)).containsExactly("h:1{a\ufffd=x\ufffd\ufffd\ufffd\ufffdy}");
    assertThatThrownBy(() -> read("a.yml", bytes))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is not encoded in UTF-8");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[{'targets':['h:1'],}]",
        "[{'targets':['h:1']},]",
        "[{\"targets\":[`h:1`]}]",
        "[{'targets':['h:1'],'labels':{'a':NaN}}]",
        "[{'targets':['h:1'],'labels':{'a':'x\ty'}}]",
        "[{'targets':['h:1'],'labels':{'a':1}}]",
        "[{'targets':['h:1'],'labels':{'a':true}}]",
        "[{'targets':[1]}]",
        "[{'targets':['h:1'],'labels':{'':'a'}}]",
        "[{'targets':['h:1'],'foo':1}]",
        "[{'targets':['h:1'],'labels':[]}]",
        "[{'targets':['h:1']}] // x",
        "[{'targets':['h:1']}]\n[]",
        "\ufeff[{'targets':['h:1']}]",
        "[null]",
        "{'targets':['h:1']}",
        "['a']",
        " "
      })
  void refusesOtherJson(String text) {
    assertThatThrownBy(() -> json(text.replace('\'', '"').replace('`', '\'')))
        .isInstanceOf(IOException.class);
  }
}
