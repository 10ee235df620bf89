package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.config.alertmanager.AlertmanagerConfigLoader;
import io.narthex.config.settings.SettingKey;
import io.narthex.config.settings.SettingKey.ValueType;
import io.narthex.core.config.ConfigFiles;
import io.narthex.core.config.Flags;
import io.narthex.service.config.ConfigService.Ignored;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.RelabelRule;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import io.narthex.testkit.Needs;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The table of flags and keys is complete, and its rows are true: what it calls announced or
 * refused is tried here, a test it points to is there and speaks of the key. What acts is tried by
 * {@link EffectsIT}.
 */
class SettingsTableTest {
  private static final Set<String> KINDS =
      Set.of("test", "job", "global", "flag", "receiver", "announced", "refused", "inert");

  /** Records that stand in many places and have a section of their own. */
  private static final Map<Class<?>, String> SHARED =
      Map.of(
          HttpSettings.class, "http_config",
          TlsSettings.class, "tls_config",
          RelabelRule.class, "relabel_config");

  private static final Map<String, String> SOURCES = sources();

  @TempDir Path folder;

  private static Map<String, String> sources() {
    Map<String, String> out = new HashMap<>();
    for (Path module : Tree.modulesWithClasses()) {
      read(Tree.ROOT.resolve(module).resolve("src/test/java"), out);
    }
    read(Tree.ROOT.resolve("distribution/itests/src/test/java"), out);
    return out;
  }

  private static void read(Path tests, Map<String, String> into) {
    if (!Files.isDirectory(tests)) {
      return;
    }
    try (Stream<Path> files = Files.walk(tests)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        String name = file.getFileName().toString().replace(".java", "");
        into.merge(name, Files.readString(file), (a, b) -> a + b);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // --- completeness

  @Test
  void everyFlagHasARow() {
    Set<String> known = new TreeSet<>();
    Flags.parse(List.of()).values().keySet().forEach(name -> known.add("--" + name));
    features().forEach(name -> known.add("--enable-feature=" + name));
    assertThat(keys("flags")).containsExactlyInAnyOrderElementsOf(known);
  }

  private static List<String> features() {
    try (InputStream in = Flags.class.getResourceAsStream("features.txt")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(l -> !l.isBlank() && !l.startsWith("#"))
          .map(l -> l.substring(0, l.indexOf(' ')))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void everyKeyOfPrometheusHasARow() throws Exception {
    Set<String> top = new LinkedHashSet<>();
    collect("", PrometheusConfig.class, top);
    top.removeIf(k -> k.startsWith("scrape_configs."));
    collect("otlp.", nested("OtherSections$Otlp"), top);
    collect("tracing.", nested("OtherSections$Tracing"), top);
    assertThat(keys("prometheus.yml")).containsExactlyInAnyOrderElementsOf(top);

    Set<String> jobs = new LinkedHashSet<>();
    collect("", ScrapeConfig.class, jobs);
    jobs.add("static_configs");
    assertThat(keys("prometheus.yml: scrape_configs")).containsExactlyInAnyOrderElementsOf(jobs);
    for (Map.Entry<Class<?>, String> shared : SHARED.entrySet()) {
      Set<String> own = new LinkedHashSet<>();
      collect("", shared.getKey().asSubclass(Record.class), own);
      assertThat(keys(shared.getValue())).containsExactlyInAnyOrderElementsOf(own);
    }
  }

  private static Class<? extends Record> nested(String name) throws ClassNotFoundException {
    return Class.forName("io.narthex.core.config." + name).asSubclass(Record.class);
  }

  /** Adds the keys of a record and of the records in it that have no section of their own. */
  private static void collect(String prefix, Class<? extends Record> type, Set<String> into) {
    Set<String> inlined = new LinkedHashSet<>();
    if (type != HttpSettings.class) {
      for (var component : type.getRecordComponents()) {
        if (component.getType() == HttpSettings.class
            && component.getAnnotation(io.narthex.spi.config.Setting.class) != null
            && component.getAnnotation(io.narthex.spi.config.Setting.class).inline()) {
          SettingKey.of(HttpSettings.class).forEach(k -> inlined.add(k.name()));
        }
      }
    }
    for (SettingKey key : SettingKey.of(type)) {
      if (inlined.contains(key.name())) {
        continue;
      }
      ValueType value = key.type();
      String name = prefix + key.name();
      boolean entries = false;
      if (value instanceof ValueType.ListOf list) {
        value = list.item();
      } else if (value instanceof ValueType.MapOf map) {
        value = map.value();
        entries = true;
      }
      if (value instanceof ValueType.Block block && !SHARED.containsKey(block.record())) {
        into.add(name);
        collect(name + (entries ? ".*." : "."), block.record(), into);
      } else {
        into.add(name);
      }
    }
  }

  @Test
  void everyKeyOfAlertmanagerHasARow() throws IOException {
    Set<String> globals = new LinkedHashSet<>();
    AlertmanagerConfigLoader.globalKeys().forEach(k -> globals.add("global." + k));
    assertThat(keys("alertmanager.yml").stream().filter(k -> k.startsWith("global.")))
        .containsExactlyInAnyOrderElementsOf(globals);
    Path folder = Tree.ROOT.resolve("kernel/libs/config/src/main/java/io/narthex/config");
    Set<String> read = cases(folder.resolve("alertmanager/AlertmanagerConfigLoader.java"));
    read.addAll(cases(folder.resolve("alertmanager/TimeIntervals.java")));
    read.removeIf(k -> k.length() < 4 && !k.equals("for") || k.equals("true") || k.equals("false"));
    assertThat(lastParts("alertmanager.yml")).containsAll(read);
  }

  @Test
  void everyKeyOfRuleFilesHasARow() throws IOException {
    Path loader =
        Tree.ROOT.resolve(
            "kernel/services/rules/src/main/java/io/narthex/rules/RuleFileLoader.java");
    assertThat(lastParts("rule files")).containsAll(cases(loader));
  }

  private static Set<String> cases(Path source) throws IOException {
    Set<String> out = new TreeSet<>();
    Matcher line = Pattern.compile("case (\"[^>]*\") ->", 0).matcher(Files.readString(source));
    while (line.find()) {
      for (String name : line.group(1).split(",")) {
        out.add(name.strip().replace("\"", ""));
      }
    }
    out.removeIf(n -> !n.matches("[a-z_]+"));
    assertThat(out).as("keys in %s", source).hasSizeGreaterThan(5);
    return out;
  }

  @Test
  void everyKeyOfTheWebConfigurationHasARow() throws Exception {
    try (URLClassLoader loader = loader("kernel/services/http")) {
      Class<?> config = Class.forName("io.narthex.http.access.WebConfig", false, loader);
      Set<String> known = new LinkedHashSet<>();
      collect("", config.asSubclass(Record.class), known);
      assertThat(keys("web.yml")).containsExactlyInAnyOrderElementsOf(known);
    }
  }

  private static URLClassLoader loader(String module) throws IOException {
    return new URLClassLoader(
        new URL[] {
          Tree.ROOT.resolve(module).resolve("target/classes").toUri().toURL(),
          Tree.jar(module).toUri().toURL()
        },
        SettingsTableTest.class.getClassLoader());
  }

  @Test
  void everyKeyOfShippedReceiversAndDiscoveriesHasARow() throws Exception {
    for (Path module : PluginReadmeTest.plugins()) {
      try (URLClassLoader loader = loader(module.toString())) {
        for (String name : PluginReadmeTest.providers(Tree.jar(module.toString()))) {
          Object service = loader.loadClass(name).getDeclaredConstructor().newInstance();
          Set<String> known = new LinkedHashSet<>();
          if (service instanceof DiscoveryProvider<?> p) {
            collect("", p.configType(), known);
            known.removeAll(httpKeys(p.configType()));
            assertThat(keys(p.type() + "_sd_configs")).containsExactlyInAnyOrderElementsOf(known);
          } else if (service instanceof NotifierProvider<?, ?> p) {
            collect("", p.configType(), known);
            known.add("send_resolved");
            assertThat(keys(p.type() + "_configs")).containsExactlyInAnyOrderElementsOf(known);
          }
        }
      }
    }
  }

  private static Set<String> httpKeys(Class<? extends Record> type) {
    Set<String> all = new LinkedHashSet<>();
    for (var component : type.getRecordComponents()) {
      if (component.getType() == HttpSettings.class) {
        SettingKey.of(HttpSettings.class).forEach(k -> all.add(k.name()));
      }
    }
    return all;
  }

  private static Set<String> keys(String section) {
    Set<String> out = new LinkedHashSet<>();
    for (SettingRow row : SettingRow.ALL) {
      if (row.section().equals(section)) {
        out.add(row.key());
      }
    }
    return out;
  }

  private static Set<String> lastParts(String section) {
    Set<String> out = new TreeSet<>();
    keys(section).forEach(k -> out.add(k.substring(k.lastIndexOf('.') + 1)));
    return out;
  }

  // --- truth

  static List<SettingRow> rows() {
    return SettingRow.ALL;
  }

  @ParameterizedTest
  @MethodSource("rows")
  void rowIsTrue(SettingRow row) throws IOException {
    assertThat(KINDS).contains(row.kind());
    switch (row.kind()) {
      case "test" -> pointsToATestOfIt(row);
      case "announced" -> isAnnounced(row);
      case "refused" -> isRefused(row);
      default -> {}
    }
  }

  private static void pointsToATestOfIt(SettingRow row) throws IOException {
    String[] words = row.cell(0).split(" ");
    int dot = words[0].indexOf('.');
    String source = SOURCES.getOrDefault(words[0].substring(0, dot), "");
    assertThat(source).as("the class of %s", words[0]).isNotEmpty();
    String method = words[0].substring(dot + 1);
    assertThat(source.contains("void " + method + "(")).as("%s is there", words[0]).isTrue();
    if (words.length == 3 && words[1].equals("in")) {
      assertThat(text(Needs.shared("conformance/" + words[2])).contains(lastPart(row.key())))
          .as("the cases in %s speak of %s", words[2], row)
          .isTrue();
      return;
    }
    List<String> names = new ArrayList<>();
    if (words.length == 3 && words[1].equals("as")) {
      names.add(words[2]);
    } else {
      String last = lastPart(row.key());
      names.add(last);
      names.add(camel(last));
    }
    assertThat(names.stream().anyMatch(source::contains))
        .as("%s speaks of one of %s", words[0], names)
        .isTrue();
  }

  private static String lastPart(String key) {
    if (key.startsWith("--enable-feature=")) {
      return key.substring("--enable-feature=".length());
    }
    return key.startsWith("--") ? key.substring(2) : key.substring(key.lastIndexOf('.') + 1);
  }

  private static String camel(String key) {
    StringBuilder out = new StringBuilder();
    for (String part : key.split("_")) {
      out.append(
          out.isEmpty() || part.isEmpty()
              ? part
              : Character.toUpperCase(part.charAt(0)) + part.substring(1));
    }
    return out.toString();
  }

  private static String text(Path folder) throws IOException {
    StringBuilder out = new StringBuilder();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        out.append(Files.readString(file, StandardCharsets.ISO_8859_1));
      }
    }
    return out.toString();
  }

  /**
   * The server says that it has no effect: in the log and status, by {@code check}, as a metric.
   */
  private void isAnnounced(SettingRow row) throws IOException {
    List<Ignored> ignored;
    String name;
    if (row.key().startsWith("--")) {
      name = row.key();
      ignored = load("global: {}", "", argument(row));
    } else {
      boolean alerts = row.section().equals("alertmanager.yml");
      name = row.cells().size() > 1 ? row.cell(1) : row.key();
      ignored =
          alerts
              ? load("global: {}", "route: {receiver: x}\nreceivers: [{name: x}]\n" + row.cell(0))
              : load(row.cell(0), "");
    }
    assertThat(ignored).as("what has no effect").extracting(Ignored::name).contains(name);
    assertThat(ignored).allMatch(i -> !i.reason().isEmpty());
  }

  private static String argument(SettingRow row) {
    return row.cell(0).equals("-") ? row.key() : row.key() + "=" + row.cell(0);
  }

  private List<Ignored> load(String prometheus, String alertmanager, String... arguments)
      throws IOException {
    Files.writeString(folder.resolve("prometheus.yml"), prometheus);
    if (!alertmanager.isEmpty()) {
      Files.writeString(folder.resolve("alertmanager.yml"), alertmanager);
    }
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--config.file=" + folder.resolve("prometheus.yml"));
    ConfigFiles files = new ConfigFiles(Flags.parse(all));
    return files.ignored(files.load());
  }

  private void isRefused(SettingRow row) {
    if (row.key().startsWith("--")) {
      assertThatThrownBy(() -> Flags.parse(List.of(argument(row))))
          .hasMessageContaining(row.cell(1));
    } else if (row.section().equals("alertmanager.yml")) {
      assertThatThrownBy(() ->
              load("global: {}", "route: {receiver: x}\nreceivers: [{name: x}]\n" + row.cell(0)))
          .hasMessageContaining(row.cell(1));
    } else {
      assertThatThrownBy(() -> load(row.cell(0), "")).hasMessageContaining(row.cell(1));
    }
  }
}
