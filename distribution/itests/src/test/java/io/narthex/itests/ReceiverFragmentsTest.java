package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.YamlReader;
import io.narthex.core.config.HttpClientChecks;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.Needs;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blocks of receivers as Alertmanager's own tests have them, judged by the shipped plugins. */
class ReceiverFragmentsTest {
  private static final String SUITE = "alertmanager-config-fragments";

  /** Integrations of the data for which there is no plugin. */
  private static final Set<String> WITHOUT_PLUGIN =
      Set.of(
          "mattermost",
          "mattermost_field",
          "opsgenie",
          "pushover",
          "sns",
          "telegram",
          "victorops",
          "webex");

  /** What stands in {@code global}, so that what a block leaves out is there. */
  private static final Map<String, String> GLOBALS =
      Map.of(
          "slack", "slack_api_url: https://hooks.slack.com/services/x",
          "email", "smtp_smarthost: localhost:25\nsmtp_from: a@example.org",
          "pagerduty", "{}",
          "webhook", "{}");

  @TempDir private Path folder = Path.of("");

  @Test
  void pluginsJudgeTheBlocksAsAlertmanagerDoes() throws Exception {
    Path file = data();
    List<String> failures = new ArrayList<>();
    Set<String> absent = new TreeSet<>();
    int all = 0;
    for (JsonNode c : new ObjectMapper().readTree(file.toFile()).path("cases")) {
      String integration = c.path("integration").asText();
      if (!GLOBALS.containsKey(integration)) {
        absent.add(integration);
        continue;
      }
      all++;
      String got = problem(integration, c.path("yaml").asText());
      boolean ok =
          c.path("expect").asText().equals("ok")
              ? got.isEmpty()
              : got.endsWith(c.path("error").asText()) && !got.isEmpty();
      if (!ok) {
        failures.add(c.path("id").asText() + ": got \"" + got + "\", want " + c.path("error"));
      }
    }
    String line = "conformance " + SUITE + ": passed " + (all - failures.size()) + " of " + all;
    System.out.println(line);
    Path report = Tree.ROOT.resolve("distribution/itests/target/conformance/" + SUITE + ".txt");
    Files.createDirectories(report.getParent());
    Files.writeString(report, line + "\n");
    assertThat(absent).isEqualTo(WITHOUT_PLUGIN);
    assertThat(failures).isEmpty();
  }

  private static Path data() {
    return Needs.shared("conformance/alertmanager-config/integration-fragments.json");
  }

  /** Returns what a plugin says against a block, empty when it takes it. */
  private String problem(String integration, String yaml) throws Exception {
    String module = "plugins-notifiers/notifier-" + integration;
    String name = Character.toUpperCase(integration.charAt(0)) + integration.substring(1);
    try (URLClassLoader loader = PluginJars.loader(module, folder)) {
      Object provider =
          loader
              .loadClass("io.narthex.notifier." + integration + "." + name + "NotifierProvider")
              .getConstructor()
              .newInstance();
      open((NotifierProvider<?, ?>) provider, yaml, GLOBALS.getOrDefault(integration, "{}"));
      return "";
    } catch (ConfigException e) {
      return String.valueOf(e.getMessage());
    } catch (InvocationTargetException e) {
      return String.valueOf(e.getCause());
    }
  }

  private static <C extends Record, G extends Record> void open(
      NotifierProvider<C, G> provider, String yaml, String globals) {
    ConfigNode block = YamlReader.read("block", yaml);
    C config = ConfigBinder.bind(block, provider.configType(), key -> key.equals("send_resolved"));
    HttpClientChecks.checkAll(config, block);
    G global =
        ConfigBinder.bind(
            YamlReader.read("global", globals), provider.globalConfigType(), key -> false);
    PluginContext context =
        (PluginContext)
            Proxy.newProxyInstance(
                ReceiverFragmentsTest.class.getClassLoader(),
                new Class<?>[] {PluginContext.class},
                (proxy, method, args) -> method.getReturnType() == Path.class ? Path.of("") : null);
    provider.open(config, global, context).close();
  }
}
