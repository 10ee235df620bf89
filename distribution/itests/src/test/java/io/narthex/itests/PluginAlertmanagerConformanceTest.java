package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.narthex.config.settings.SettingKey;
import io.narthex.config.yaml.ConfigBinder;
import io.narthex.core.config.ConfigFiles;
import io.narthex.core.config.Flags;
import io.narthex.core.config.ShownConfig;
import io.narthex.core.host.HostEnvironment;
import io.narthex.core.host.NotifierHost;
import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.core.settings.GlobalKeys;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.metrics.Metrics;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.testkit.Needs;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.lang.reflect.RecordComponent;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * What the shipped notifiers make of Alertmanager's configurations: which they take, the values in
 * effect, and what of it is shown.
 */
class PluginAlertmanagerConformanceTest {
  private static final List<String> TYPES = List.of("email", "pagerduty", "slack", "webhook");

  /** Files with blocks that only plugins judge, of types that are there. */
  private static final Pattern OF_PLUGINS =
      Pattern.compile(".*(slack-no|update-message|Integration-slack).*", 0);

  /** Files with blocks that only plugins judge, of types that nobody has yet. */
  private static final Pattern OF_ABSENT_PLUGINS =
      Pattern.compile(
          ".*(no-webhook-url|opsgenie-no|old-team|rocketchat-no|sns-invalid|telegram-no|victorops-no|wechat-no"
              + "|Integration-(opsgenie|wechat|rocketchat)).*",
          0);

  private static final Pattern STEP = Pattern.compile("([^.\\[]+)|\\[([0-9]+)\\]", 0);

  @TempDir private Path folder = Path.of("");
  private final List<URLClassLoader> loaders = new ArrayList<>();
  private final Map<String, NotifierProvider<?, ?>> providers = new TreeMap<>();
  private final ProviderRegistry registry = new ProviderRegistry();
  private NotifierHost host = new NotifierHost(environment(Path.of("")), registry);

  private static HostEnvironment environment(Path state) {
    return new HostEnvironment(
        Clock.systemUTC(),
        (request, settings) -> {
          throw new IOException("no network in tests");
        },
        state,
        nothing(Metrics.class));
  }

  /** Returns metrics that nobody reads. */
  private static <T> T nothing(Class<T> type) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, args) ->
                method.getReturnType().isInterface() ? nothing(method.getReturnType()) : null));
  }

  @BeforeEach
  void load() throws Exception {
    for (String type : TYPES) {
      String module = "plugins-notifiers/notifier-" + type;
      URLClassLoader loader = PluginJars.loader(module, folder);
      loaders.add(loader);
      String name = Character.toUpperCase(type.charAt(0)) + type.substring(1);
      NotifierProvider<?, ?> provider =
          (NotifierProvider<?, ?>)
              loader
                  .loadClass("io.narthex.notifier." + type + "." + name + "NotifierProvider")
                  .getConstructor()
                  .newInstance();
      providers.put(type, provider);
      registry.publish(module, List.of(new Provider(Kind.NOTIFIER, type, module, provider)));
    }
    host = new NotifierHost(environment(folder.resolve("state")), registry);
  }

  @AfterEach
  void unload() throws IOException {
    host.close();
    for (URLClassLoader loader : loaders) {
      loader.close();
    }
  }

  private static Path data() {
    return Needs.shared("conformance/alertmanager-config");
  }

  private static void finish(String suite, int all, List<String> failures) throws IOException {
    String line = "conformance " + suite + ": passed " + (all - failures.size()) + " of " + all;
    System.out.println(line);
    Path report = Tree.ROOT.resolve("distribution/itests/target/conformance/" + suite + ".txt");
    Files.createDirectories(report.getParent());
    Files.writeString(report, line + "\n");
    assertThat(failures).isEmpty();
    assertThat(all).isPositive();
  }

  private ConfigFiles.Loaded loaded(Path file) throws IOException {
    return loaded(file, false);
  }

  private ConfigFiles.Loaded loaded(Path file, boolean classicMatchers) throws IOException {
    Path main = Files.writeString(folder.resolve("prometheus.yml"), "");
    List<String> flags =
        new ArrayList<>(List.of("--config.file=" + main, "--alertmanager.config.file=" + file));
    if (classicMatchers) {
      flags.add("--enable-feature=classic-mode");
    }
    return new ConfigFiles(Flags.parse(flags)).load();
  }

  /** The files that need a plugin of those that are there to be judged, once more by themselves. */
  @Test
  void pluginsJudgeFilesAsAlertmanagerDoes() throws IOException {
    judge("alertmanager-config-plugins", file -> OF_PLUGINS.matcher(file).matches());
  }

  /** All files that need no absent plugin to be judged. */
  @Test
  void filesAreJudgedAsAlertmanagerDoes() throws IOException {
    judge("alertmanager-config", file -> !OF_ABSENT_PLUGINS.matcher(file).matches());
  }

  private void judge(String suite, Predicate<String> files) throws IOException {
    Path data = data();
    List<String> failures = new ArrayList<>();
    int all = 0;
    List<String> lines = Files.readAllLines(data.resolve("MANIFEST.tsv"));
    for (String line : lines.subList(1, lines.size())) {
      String[] row = line.split("\t", -1);
      if (!files.test(row[0])) {
        continue;
      }
      all++;
      String got = "";
      try {
        AlertmanagerConfig config =
            loaded(data.resolve(row[0]), row[4].equals("classic")).snapshot().alertmanager();
        var waiting = new GlobalKeys(registry.all(), Set.of()).check(config);
        assertThat(waiting).as("keys that wait in %s", row[0]).isEmpty();
        host.check(config, folder);
      } catch (ConfigException e) {
        got = String.valueOf(e.getMessage());
      }
      boolean ok =
          switch (row[1] + " " + row[2]) {
            case "ok " -> got.isEmpty();
            case "error exact" -> got.endsWith(": " + row[3]);
            case "error contains" -> got.contains(row[3]);
            default -> row[1].equals("ok") == got.isEmpty();
          };
      if (!ok) {
        failures.add(row[0] + ": got \"" + got + "\", want " + row[1] + " " + row[3]);
      }
    }
    finish(suite, all, failures);
  }

  @Test
  void valuesInEffectAreAlertmanagers() throws IOException {
    String suite = "alertmanager-config-values";
    Path data = data();
    List<String> failures = new ArrayList<>();
    int all = 0;
    int absent = 0;
    for (JsonNode c :
        new ObjectMapper().readTree(data.resolve("checks.json").toFile()).path("cases")) {
      String file = c.path("file").asText();
      ConfigFiles.Loaded loaded = loaded(data.resolve(file));
      String yaml = loaded.shownBy(new ShownConfig(new Records())).alertmanagerYaml();
      Object shown = yaml(yaml);
      for (JsonNode v : c.path("values")) {
        String path = v.path("path").asText();
        if (isOfAbsentPlugin(path)) {
          absent++;
          continue;
        }
        all++;
        Object got =
            path.equals("route.group_by_all")
                ? (Object) loaded.snapshot().alertmanager().route().groupByAll()
                : at(shown, path);
        if ("<secret>".equals(got)) {
          got = secret(loaded, path);
        }
        if (path.endsWith("_file") && got instanceof String name && !name.isEmpty()) {
          got = Path.of("/etc/alertmanager").resolve(name).toString(); // the folder of those tests
        }
        if (!same(got, v.path("value"))) {
          failures.add(file + " " + path + ": got " + got + ", want " + v.path("value"));
        }
      }
      JsonNode dump = c.path("dump");
      for (JsonNode text : dump.path("must_not_contain")) {
        all++;
        if (yaml.contains(text.asText())) {
          failures.add(file + ": shows " + text);
        }
      }
      if (dump.path("reload_dump_without_error").asBoolean()) {
        all++;
        try {
          loaded(Files.writeString(folder.resolve("again.yml"), yaml));
        } catch (ConfigException e) {
          failures.add(file + ": what is shown cannot be read again: " + e.getMessage());
        }
      }
    }
    System.out.println("values of integrations without plugin: " + absent);
    finish(suite, all, failures);
  }

  private static boolean isOfAbsentPlugin(String path) {
    Matcher m = Pattern.compile("receivers\\[[0-9]+\\]\\.([a-z0-9]+)_configs.*", 0).matcher(path);
    return m.matches() && !TYPES.contains(m.group(1));
  }

  private static @Nullable Object yaml(String text) {
    return new Yaml(new SafeConstructor(new LoaderOptions())).load(text);
  }

  private static @Nullable Object at(@Nullable Object root, String path) {
    Object now = root;
    Matcher m = STEP.matcher(path);
    while (m.find()) {
      if (m.group(1) != null) {
        now = now instanceof Map<?, ?> map ? map.get(m.group(1)) : null;
      } else {
        int index = Integer.parseInt(m.group(2));
        now = now instanceof List<?> list && index < list.size() ? list.get(index) : null;
      }
    }
    return now;
  }

  private static boolean same(@Nullable Object got, JsonNode want) {
    if (want.isNull() || want.isTextual() && want.asText().isEmpty()) {
      return got == null || got.equals("");
    }
    if (want.isArray()) {
      List<String> items = new ArrayList<>();
      want.forEach(i -> items.add(i.asText()));
      return items.equals(got) || items.isEmpty() && got == null;
    }
    return want.asText().equals(String.valueOf(got));
  }

  /** Returns a value that is shown hidden. */
  private @Nullable Object secret(ConfigFiles.Loaded loaded, String path) {
    ConfigNode globals = loaded.snapshot().alertmanager().globals();
    if (path.startsWith("global.")) {
      String key = path.substring("global.".length());
      return at(Objects.requireNonNull(globals.toPlain()), key);
    }
    Matcher m =
        Pattern.compile("receivers\\[([0-9]+)\\]\\.([a-z]+)_configs\\[([0-9]+)\\]\\.(.*)", 0)
            .matcher(path);
    if (!m.matches()) {
      return null;
    }
    ConfigNode block =
        loaded
            .snapshot()
            .alertmanager()
            .receivers()
            .get(Integer.parseInt(m.group(1)))
            .blocks()
            .stream()
            .filter(b -> b.type().equals(m.group(2)) && b.index() == Integer.parseInt(m.group(3)))
            .findFirst()
            .orElseThrow()
            .node();
    ShownConfig.Block effective =
        Objects.requireNonNull(host.effective(m.group(2), block, globals));
    return at(plain(effective.config()), m.group(4));
  }

  /** Returns a record with its secrets. */
  private static @Nullable Object plain(@Nullable Object value) {
    if (value instanceof Secret s) {
      return s.reveal();
    }
    if (!(value instanceof Record record)) {
      return value;
    }
    Map<String, @Nullable Object> out = new LinkedHashMap<>();
    for (RecordComponent c : record.getClass().getRecordComponents()) {
      Setting setting = c.getAnnotation(Setting.class);
      if (setting == null) {
        continue;
      }
      try {
        c.getAccessor().setAccessible(true);
        Object inner = plain(c.getAccessor().invoke(record));
        if (setting.inline() && inner instanceof Map<?, ?> keys) {
          keys.forEach((key, v) -> out.put((String) key, v));
        } else {
          out.put(ConfigBinder.key(c, setting), inner);
        }
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
    return out;
  }

  /** Mail servers and URLs with templates, each in a block that takes one. */
  @Test
  void addressesAndUrlsAreReadAsAlertmanagerDoes() throws IOException {
    String suite = "alertmanager-config-scalars";
    JsonNode data = new ObjectMapper().readTree(data().resolve("scalars.json").toFile());
    List<String> failures = new ArrayList<>();
    int all = 0;
    for (JsonNode c : data.path("host_port")) {
      all++;
      String yaml = c.path("yaml").asText();
      boolean none = yaml.equals("\"\"");
      // without one of its own a block takes that of global
      judge(
          "global: {smtp_smarthost: " + yaml + "}\n",
          "email_configs: [{to: a, from: b" + (none ? ", smarthost: 'h:1'" : "") + "}]",
          c.path("error").asBoolean(),
          "",
          yaml,
          failures);
    }
    for (JsonNode c : data.path("secret_template_url")) {
      all++;
      String yaml = c.path("yaml").asText();
      boolean none = yaml.equals("\"\"");
      judge(
          "",
          "webhook_configs: [{url: " + yaml + (none ? ", url_file: f" : "") + "}]",
          c.path("error").asBoolean(),
          c.path("error_contains").asText(),
          yaml,
          failures);
    }
    finish(suite, all, failures);
  }

  private void judge(
      String global,
      String blocks,
      boolean refused,
      String text,
      String what,
      List<String> failures)
      throws IOException {
    String got = "";
    try {
      Path file =
          Files.writeString(
              folder.resolve("scalar.yml"),
              global + "route: {receiver: r}\nreceivers:\n- name: r\n  " + blocks + "\n");
      host.check(loaded(file).snapshot().alertmanager(), folder);
    } catch (ConfigException e) {
      got = String.valueOf(e.getMessage());
    }
    if (refused ? got.isEmpty() || !got.contains(text) : !got.isEmpty()) {
      failures.add(what + ": got \"" + got + "\", want " + (refused ? text : "ok"));
    }
  }

  /** A default that calls a template calls one that its plugin brings. */
  @Test
  void defaultTextsAreDefinedByTheirPlugin() {
    Pattern call = Pattern.compile("\\{\\{ *template \"([^\"]+)\"", 0);
    int calls = 0;
    for (NotifierProvider<?, ?> provider : providers.values()) {
      for (SettingKey key : SettingKey.of(provider.configType())) {
        Matcher m = call.matcher(key.defaultValue());
        if (m.find()) {
          calls++;
          assertThat(provider.templates()).contains("{{ define \"" + m.group(1) + "\" }}");
        }
      }
    }
    assertThat(calls).isEqualTo(15);
  }

  private final class Records implements ShownConfig.Records {
    @Override
    public @Nullable Class<? extends Record> discovery(String type) {
      return null;
    }

    @Override
    public @Nullable Class<? extends Record> notifier(String type) {
      NotifierProvider<?, ?> provider = providers.get(type);
      return provider == null ? null : provider.configType();
    }

    @Override
    public ShownConfig.@Nullable Block effective(
        String type, ConfigNode block, ConfigNode globals) {
      return host.effective(type, block, globals);
    }

    @Override
    public List<Class<? extends Record>> globals() {
      List<Class<? extends Record>> out = new ArrayList<>();
      providers.values().forEach(p -> out.add(p.globalConfigType()));
      return out;
    }
  }
}
