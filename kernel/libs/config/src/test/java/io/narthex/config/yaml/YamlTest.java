package io.narthex.config.yaml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reader, binder and writer; what the originals' parser does was observed there. */
class YamlTest {
  enum Mode {
    FAST,
    SLOW
  }

  record Inner(
      @Setting(help = "A name", required = true) String name,
      @Setting(help = "A size") @Nullable ByteSize size) {}

  record Inlined(@Setting(help = "A path", defaultValue = "/metrics") String path) {}

  record Outer(
      @Setting(help = "A text", defaultValue = "default") String text,
      @Setting(help = "A switch", defaultValue = "true") boolean enabled,
      @Setting(help = "A number", defaultValue = "7", min = -5000) long number,
      @Setting(help = "A fraction", min = 0) double fraction,
      @Setting(help = "A time", defaultValue = "1m") Duration interval,
      @Setting(help = "Another time") @Nullable Duration timeout,
      @Setting(help = "A mode", defaultValue = "fast") Mode mode,
      @Setting(help = "Hidden") @Nullable Secret password,
      @Setting(help = "Texts") List<String> texts,
      @Setting(help = "Texts by name") Map<String, String> labels,
      @Setting(help = "Blocks") List<Inner> blocks,
      @Setting(inline = true) Inlined inlined) {}

  record Named(
      @Setting(help = "A file", file = true, pattern = "[a-z./]*") String certFile,
      @Setting(help = "Perhaps a file", optional = true, file = true) @Nullable String logFile,
      @Setting(help = "A file with a default", defaultValue = "own.pem", file = true)
          String ownFile,
      @Setting(help = "Files", file = true) List<String> files,
      @Setting(help = "No file") String name) {}

  private static ConfigNode read(String text) {
    return YamlReader.read("f.yml", text);
  }

  private static Outer bind(String text) {
    return ConfigBinder.bind(read(text), Outer.class);
  }

  private static void refused(String text, String message) {
    assertThatThrownBy(() -> bind(text))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(message);
  }

  record Choosy(@Setting(help = "Where") String address, @Setting(help = "How often") int tries) {
    Choosy {
      if (address.equals("bad")) {
        throw ConfigException.at("address", "no such address, got \"bad\"");
      }
      if (tries > 3 && address.isEmpty()) {
        throw new ConfigException("tries without address");
      }
    }
  }

  @Test
  void refusalOfARecordStandsAtTheKeyItNames() {
    assertThatThrownBy(() -> ConfigBinder.bind(read("tries: 1\naddress: bad"), Choosy.class))
        .isInstanceOf(ConfigException.class)
        .hasMessage("f.yml:2:10: no such address, got \"bad\"");
    assertThatThrownBy(() -> ConfigBinder.bind(read("tries: 4"), Choosy.class))
        .hasMessage("f.yml:1:1: tries without address");
  }

  /** What promtool and amtool say to each of these was looked up there. */
  @Test
  void takesNeitherQuotedNumbersNorSingleValuesForLists() {
    refused(
        "enabled: \"true\"", "f.yml:1:10: enabled must be true or false, got the text \"true\"");
    refused("enabled: 'yes'", "f.yml:1:10: enabled must be true or false, got the text \"yes\"");
    refused(
        "enabled: !!str true", "f.yml:1:10: enabled must be true or false, got the text \"true\"");
    refused("enabled: 1", "f.yml:1:10: enabled must be true or false, got \"1\"");
    refused("number: \"5\"", "f.yml:1:9: number must be a whole number, got the text \"5\"");
    refused("fraction: '5'", "f.yml:1:11: fraction must be a number, got the text \"5\"");
    refused("texts: a", "f.yml:1:8: texts must be a list, got \"a\"; write it in brackets");
    for (String yes : List.of("yes", "on", "y", "True", "!!bool \"true\"")) {
      assertThat(bind("enabled: " + yes).enabled()).as(yes).isTrue();
    }
    for (String number : List.of("0o21", "0b10001", "1_7", "0x11", "021", "17.0", "1.7e1", "+17")) {
      assertThat(bind("number: " + number).number()).as(number).isEqualTo(17);
    }
    assertThat(bind("{text: 5, labels: {a: true, b: y}, texts: [5, on]}"))
        .satisfies(o -> {
          assertThat(o.text()).isEqualTo("5");
          assertThat(o.labels()).containsEntry("a", "true").containsEntry("b", "y");
          assertThat(o.texts()).containsExactly("5", "on");
        });
  }

  @Test
  void emptyTextGivesAllDefaults() {
    for (String text : List.of("", "# nothing\n", "{}", "~")) {
      Outer o = bind(text);
      assertThat(o.text()).isEqualTo("default");
      assertThat(o.enabled()).isTrue();
      assertThat(o.number()).isEqualTo(7);
      assertThat(o.interval()).isEqualTo(Duration.ofMinutes(1));
      assertThat(o.timeout()).isNull();
      assertThat(o.mode()).isEqualTo(Mode.FAST);
      assertThat(o.texts()).isEmpty();
      assertThat(o.inlined().path()).isEqualTo("/metrics");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"})
  void readsTrueAsYaml11Does(String text) {
    assertThat(bind("enabled: " + text).enabled()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"false", "no", "No", "off", "OFF", "n", "N"})
  void readsFalseAsYaml11Does(String text) {
    assertThat(bind("enabled: " + text).enabled()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"yEs", "tRue", "1", "maybe", "oN"})
  void refusesOtherBooleans(String text) {
    refused("enabled: " + text, "f.yml:1:10: enabled must be true or false, got \"" + text + "\"");
  }

  @ParameterizedTest
  @CsvSource({
    "10,10",
    "010,8",
    "0o17,15",
    "0x1F,31",
    "0b101,5",
    "1_000,1000",
    "0x_f,15",
    "-5,-5",
    "-0x10,-16",
    "+3,3",
    "08,8",
    "1e3,1000",
    "1.9,1",
    "-010,-8"
  })
  void readsWholeNumbersAsTheOriginalDoes(String text, long expected) {
    assertThat(bind("number: " + text).number()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "0b110,6",
    "0X1F,31",
    "017,15",
    "08,8",
    "0O17,15",
    "1_0.5,10.5",
    "5.,5",
    "18446744073709551615,18446744073709551615",
    "0xFFFFFFFFFFFFFFFF,18446744073709551615",
    "99999999999999999999,1e20",
    "!!int '6',6",
    ".inf,Infinity"
  })
  void readsNumbersAsTheOriginalDoes(String text, double expected) {
    assertThat(bind("fraction: " + text).fraction()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'0x10'",
        "\"6\"",
        "0x1p4",
        "Inf",
        "+Inf",
        "NaN",
        "_1",
        "1e400",
        "''",
        "0x",
        "0b2",
        "infinity"
      })
  void refusesTextsForNumbers(String text) {
    refused("fraction: " + text, "f.yml:1:11: fraction must be a number");
    assertThatThrownBy(() -> bind("number: " + text)).hasMessageContaining("a whole number, got");
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "1x", "#10", "--5", "0x", "true", "1:30", "9999999999999999999999"})
  void refusesOtherNumbers(String text) {
    refused("number: '" + text + "'", "f.yml:1:9: number must be a whole number, got");
  }

  @Test
  void checksRangesWithTheirUnits() {
    refused("number: -6000", "f.yml:1:9: number must be at least -5000");
    refused("fraction: -0.5", "f.yml:1:11: fraction must be at least 0");
    assertThat(bind("fraction: .5").fraction()).isEqualTo(0.5);
    assertThat(bind("fraction: .inf").fraction()).isEqualTo(Double.POSITIVE_INFINITY);
  }

  @Test
  void filesAreThoseBesideTheFileThatNamesThem() {
    String text = "{cert_file: a/./b.pem, log_file: ../x, files: [p/*.yml, /q], name: n}";
    Named absolute = ConfigBinder.bind(YamlReader.read("/etc/narthex/f.yml", text), Named.class);
    assertThat(absolute)
        .isEqualTo(
            new Named(
                "/etc/narthex/a/b.pem",
                "/etc/x",
                "/etc/narthex/own.pem",
                List.of("/etc/narthex/p/*.yml", "/q"),
                "n"));
    Named relative = ConfigBinder.bind(YamlReader.read("conf/f.yml", text), Named.class);
    assertThat(relative)
        .isEqualTo(
            new Named("conf/a/b.pem", "x", "conf/own.pem", List.of("conf/p/*.yml", "/q"), "n"));
    assertThat(ConfigBinder.bind(read("files: [./a, '']"), Named.class))
        .isEqualTo(new Named("", null, "own.pem", List.of("a", ""), ""));
    assertThatThrownBy(() -> ConfigBinder.bind(read("cert_file: A"), Named.class))
        .hasMessage("f.yml:1:12: cert_file must match [a-z./]*, got \"A\"");
    assertThat(ConfigBinder.bind(read("files: [\"a\\0b\", .]"), Named.class).files())
        .containsExactly("a\0b", ".");
  }

  @Test
  void nullTakesTheDefaultAway() {
    Outer o = bind("text: ~\nenabled:\nnumber: null\ninterval: Null\npath: ~\nlabels: {a: ~}");
    assertThat(o.text()).isEmpty();
    assertThat(o.enabled()).isFalse();
    assertThat(o.number()).isZero();
    assertThat(o.interval()).isZero();
    assertThat(o.inlined().path()).isEmpty();
    assertThat(o.labels()).containsExactly(Map.entry("a", ""));
  }

  @Test
  void aListOfTextsHasNoNulls() {
    assertThat(bind("texts: [a, null, ~, '', 'null']").texts()).containsExactly("a", "", "null");
  }

  @Test
  void textsKeepTheirSpelling() {
    Outer o = bind("text: 010\ntexts: [yes, 1.50, 0x1, 2020-01-01]\nlabels: {1: 1e3, yes: no}");
    assertThat(o.text()).isEqualTo("010");
    assertThat(o.texts()).containsExactly("yes", "1.50", "0x1", "2020-01-01");
    assertThat(o.labels()).containsExactly(Map.entry("1", "1e3"), Map.entry("yes", "no"));
  }

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "1B,1",
    "2KB,2048",
    "512KiB,524288",
    "1.5GB,1610612736",
    ".5KB,512",
    "1KB512B,1536",
    "1EB,1152921504606846976"
  })
  void readsSizes(String text, long bytes) {
    Outer o = bind("blocks: [{name: a, size: " + text + "}]");
    assertThat(Objects.requireNonNull(o.blocks().get(0).size()).bytes()).isEqualTo(bytes);
  }

  @ParameterizedTest
  @CsvSource({
    "100,units: unknown unit  in 100",
    "512M,units: unknown unit M in 512M",
    "1e3B,units: unknown unit e in 1e3B",
    "MB,units: invalid MB",
    "9EB,is too large"
  })
  void refusesSizesWithTheOriginalsText(String text, String message) {
    assertThatThrownBy(() -> bind("blocks: [{name: a, size: " + text + "}]"))
        .hasMessageStartingWith("f.yml:1:26: size")
        .hasMessageContaining(message);
  }

  @Test
  void mergesMapsAndOwnKeysWin() {
    Mapping m =
        (Mapping)
            read(
                """
                base: &base {a: 1, b: 2}
                other: &other {b: 3, c: 4}
                one: {<<: *base, a: 9}
                two: {<<: [*base, *other]}
                """);
    assertThat(Objects.requireNonNull(m.get("one")).toPlain())
        .isEqualTo(Map.of("a", "9", "b", "2"));
    assertThat(Objects.requireNonNull(m.get("two")).toPlain())
        .isEqualTo(Map.of("a", "1", "b", "2", "c", "4"));
    assertThatThrownBy(() -> read("a: {<<: 5}")).hasMessageContaining("map merge requires map");
  }

  @Test
  void namesBothPlacesOfADuplicateKey() {
    assertThatThrownBy(() -> read("a: 1\nb: 2\na: 3\n"))
        .hasMessage("f.yml:3:1: key \"a\" already set in map, at line 1; remove one of them");
  }

  @Test
  void suggestsKeysAndNamesTheirPlace() {
    refused(
        "text: a\nblocks:\n  - nam: x", "f.yml:3:5: field nam not found; did you mean \"name\"?");
    refused("colour: red", "f.yml:1:1: field colour not found; known keys: text, enabled,");
    refused("blocks:\n  - size: 1B", "f.yml:2:5: name is required");
    refused("blocks: [~]", "f.yml:1:10: empty or null entry in blocks");
    refused("blocks: 5", "f.yml:1:9: blocks must be a list, got \"5\"");
    refused("text: [a]", "f.yml:1:7: text must be a single value, got a list");
    refused("mode: medium", "f.yml:1:7: mode must be one of fast, slow, got \"medium\"");
    refused("interval: 5", "f.yml:1:11: interval: not a valid duration string: \"5\"");
    refused("- a", "f.yml:1:1: expected a map, got a list");
  }

  @Test
  void namesThePlaceOfBrokenYaml() {
    assertThatThrownBy(() -> read("a: [1\nb: 2"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("f.yml:2:2: not valid YAML: ");
    assertThatThrownBy(() -> read("a:\n\t- b")).hasMessageStartingWith("f.yml:2:1: not valid YAML");
  }

  @Test
  void whatTheLibraryDoesNotExpectIsNotValidEither() {
    assertThatThrownBy(() -> read("{\"\\x"))
        .isInstanceOf(ConfigException.class)
        .hasMessage("f.yml: not valid YAML: an escape is not complete");
    assertThatThrownBy(() -> read("!<tag:a%20> b"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("f.yml: not valid YAML: Tag must not contain");
  }

  record Part(
      @Setting(help = "A text") String one,
      @Setting(help = "A text") String two,
      @Setting(help = "A size") @Nullable ByteSize size,
      @Setting(inline = true) Inlined inlined) {}

  record Parts(@Setting(help = "Blocks") List<Part> parts) {}

  @Test
  void whatIsKnownOfARecordIsAskedForOnce() {
    ConfigNode node = read("parts:\n" + "- {one: a}\n".repeat(2_000));
    assertThat(ConfigBinder.bind(node, Parts.class).parts()).hasSize(2_000);
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    ConfigBinder.bind(node, Parts.class);
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(4L << 20);
  }

  @Test
  void boundsWhatAliasesExpandTo() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 9; i++) {
      bomb.append("a" + i + ": &a" + i + " [");
      for (int k = 0; k < 10; k++) {
        bomb.append(k == 0 ? "" : ", ").append("*a" + (i - 1));
      }
      bomb.append("]\n");
    }
    assertThatThrownBy(() -> read(bomb.toString()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("use fewer aliases");
    assertThatThrownBy(() -> read("a: &a [*a]")).isInstanceOf(ConfigException.class);
    assertThatThrownBy(() -> read("[".repeat(1000))).isInstanceOf(ConfigException.class);
  }

  @Test
  void readsBinaryValues() {
    Mapping m = (Mapping) read("a: !!binary aMOp\nb: !!binary /w==\n!!binary Yw==: x");
    assertThat(((Scalar) Objects.requireNonNull(m.get("a"))).text()).isEqualTo("hé");
    assertThat(((Scalar) Objects.requireNonNull(m.get("b"))).text()).isEqualTo("\udcff");
    assertThatThrownBy(() -> read("a: !!binary \"/w==$1\""))
        .hasMessage("f.yml:1:4: !!binary value contains invalid base64 data");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a: 1\n---\nb: 2\n",
        "a: 1\n---\n",
        "a: 1\n---\n- [\n",
        "a: 1\n...\n\tx\n",
        "{a: 1} foo"
      })
  void theFirstDocumentCountsAndWhatFollowsIsNotLookedAt(String text) {
    assertThat(((Mapping) read(text)).keys()).containsExactly("a");
    assertThat(((Mapping) YamlReader.readRules("r.yml", text)).keys()).containsExactly("a");
  }

  /** Each of these was given to promtool. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "text:\tx\n",
        "text: \t x\n",
        "text\t: x\n",
        "text:\t'x'\t# c\n",
        "text:\t\t# c\n  x\n",
        "text:\t!!str\tx\n",
        "text:\t|-\n  x\n",
        "text: &a\tx\n",
        "---\t\ntext: x\n",
        "text: x\t\nlabels:\t{a:\tb\t,\tc:\td\t}\t\n",
        "text: x\ntexts: [\n\t'a',\n\t'b'\n\t]\n",
        "text: x\ntexts: ['a'\n\t,'b']\n",
        "text: x\nlabels: {\n\t'a': b\n\t}\n"
      })
  void tabsSeparateTheTokensOfALine(String text) {
    assertThat(bind(text).text()).isEqualTo("x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text:\n\tx\n",
        "\ttext: x\n",
        "\t\ntext: x\n",
        "labels:\n\ta: b\n",
        "labels:\n \t a: b\n",
        "texts:\n-\tx\n",
        "texts:\n  - a\n  -\tx\n",
        "?\ttext\n: x\n",
        "? text\n:\tx\n",
        "text: 'x'\n\t\nlabels: {}\n"
      })
  void tabsAreNoIndentation(String text) {
    assertThatThrownBy(() -> bind(text)).hasMessageContaining("f.yml:");
  }

  @Test
  void manyTabsCostNoMoreThanTheirNumber() {
    String many = "\t ".repeat(500_000);
    assertThat(bind("text:" + many + "x\n").text()).isEqualTo("x");
    assertThat(bind("texts: [\n" + "\t\n".repeat(1000) + "\t'x']\n").texts()).containsExactly("x");
    assertThat(bind("texts:\t[" + "\tx\t,".repeat(100_000) + "]\n").texts()).hasSize(100_000);
  }

  @Test
  void aMergeAfterAKeyWinsButNotInRules() {
    String text = "a: &a {x: 1, y: 2}\nb: {x: 3, <<: *a}\nc: {<<: *a, x: 3}\n";
    Mapping m = (Mapping) read(text);
    assertThat(Objects.requireNonNull(m.get("b")).toPlain()).isEqualTo(Map.of("x", "1", "y", "2"));
    assertThat(Objects.requireNonNull(m.get("c")).toPlain()).isEqualTo(Map.of("x", "3", "y", "2"));
    Mapping rules = (Mapping) YamlReader.readRules("f.yml", text);
    assertThat(Objects.requireNonNull(rules.get("b")).toPlain())
        .isEqualTo(Map.of("x", "3", "y", "2"));
  }

  @Test
  void halfOfASurrogatePairIsNoCharacter() {
    assertThatThrownBy(() -> read("a: \"\\ud83d\""))
        .hasMessageStartingWith("f.yml:1:4: not valid YAML: an escape names half");
  }

  @Test
  void readsUtf16WithItsMark(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("a.yml");
    for (String charset : List.of("UTF-16BE", "UTF-16LE", "UTF-8")) {
      Files.write(file, "\ufefftext: gr\u00fcn \ud83d\ude00\n".getBytes(Charset.forName(charset)));
      assertThat(bind(YamlReader.text(file)).text()).as(charset).isEqualTo("grün 😀");
    }
    Files.write(file, new byte[] {'a', ':', ' ', (byte) 0xff});
    assertThatThrownBy(() -> YamlReader.text(file)).isInstanceOf(CharacterCodingException.class);
  }

  @Test
  void writtenRecordsCanBeReadAgain() {
    Outer before =
        bind(
            """
            text: "yes: #no"
            number: 0x1F
            interval: 1h30m
            timeout: 1500ms
            mode: slow
            texts: ["010", "~", "", "a: b", "true"]
            labels: {"1": "2", b: "multi\\nline"}
            blocks: [{name: "null", size: 1536KB}]
            path: /x
            """);
    Outer after = bind(RecordYaml.print(RecordYaml.toMap(before)));
    assertThat(after).isEqualTo(before);
  }

  @Test
  void secretsAreHidden() {
    String text = RecordYaml.print(RecordYaml.toMap(bind("password: hunter2")));
    assertThat(text).contains("password: <secret>").doesNotContain("hunter2");
  }
}
