package io.narthex.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.YamlReader;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryEngine.Canonical;
import io.narthex.service.query.QueryException;
import io.narthex.service.rules.RuleService;
import io.narthex.service.server.HandOver;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
class RuleManagerTest {
  private static ServerInfo server(Map<String, String> flags) {
    Map<String, List<String>> lists = new TreeMap<>();
    flags.forEach((name, value) -> lists.put(name, List.of(value)));
    return (ServerInfo)
        Proxy.newProxyInstance(
            RuleManagerTest.class.getClassLoader(),
            new Class<?>[] {ServerInfo.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "flags" -> lists;
                  case "flag" -> flags.getOrDefault((String) args[0], "");
                  case "enabled" -> InvocationHandler.invokeDefault(proxy, method, args);
                  default -> null;
                });
  }

  private static RuleManager manager(Map<String, String> flags) {
    return manager(flags, null);
  }

  private static RuleManager manager(Map<String, String> flags, QueryEngine engine) {
    return new RuleManager(
        new ReadyMadeRules(Path.of("no such folder")),
        engine,
        idle(StorageGate.class),
        null,
        server(flags),
        new CountingMetrics(),
        idle(HandOver.class));
  }

  /** Returns a service that has nothing and does nothing. */
  private static <T> T idle(Class<T> type) {
    return type.cast(
        Proxy.newProxyInstance(
            RuleManagerTest.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, args) -> method.getReturnType() == boolean.class ? false : null));
  }

  /** An engine with answers given beforehand, which counts what it is asked. */
  private static QueryEngine engine(Map<String, Canonical> answers, List<String> asked) {
    return (QueryEngine)
        Proxy.newProxyInstance(
            RuleManagerTest.class.getClassLoader(),
            new Class<?>[] {QueryEngine.class},
            (proxy, method, args) -> {
              asked.add(method.getName() + " " + args[0]);
              Canonical answer = answers.get((String) args[0]);
              if (answer == null) {
                throw new QueryException(
                    QueryException.Kind.BAD_DATA,
                    "unknown function with name \"gone\"; plugin io.acme, which had it, is not running",
                    "io.acme",
                    "gone");
              }
              return answer;
            });
  }

  private static ConfigSnapshot withRules(Path folder, String rules) throws IOException {
    Files.writeString(folder.resolve("rules.yml"), rules);
    PrometheusConfig config =
        ConfigBinder.bind(
            YamlReader.read(folder + "/prometheus.yml", "rule_files: [rules.yml]"),
            PrometheusConfig.class);
    return new ConfigSnapshot(config, "", folder, AlertmanagerConfig.none(), "", folder);
  }

  @Test
  void asksTheEngineOnceForEachExpression(@TempDir Path folder) throws IOException {
    List<String> asked = new ArrayList<>();
    Map<String, Canonical> answers =
        Map.of(
            "sum( x )", new Canonical("sum(x)", false),
            "theirs( x )", new Canonical("theirs(x)", true));
    RuleManager manager = manager(Map.of(), engine(answers, asked));
    ConfigSnapshot snapshot =
        withRules(
            folder,
            """
            groups:
              - name: g
                interval: 1h
                rules:
                  - {record: plain, expr: sum( x )}
                  - {record: plugin, expr: theirs( x )}
                  - {record: absent, expr: gone( x )}
            """);
    manager.apply(snapshot);
    try {
      assertThat(asked)
          .containsExactly("canonical sum( x )", "canonical theirs( x )", "canonical gone( x )");
      // a rule with functions of plugins is the same rule while its plugin is absent
      assertThat(manager.groups().getFirst().rules())
          .extracting(RuleService.Rule::query)
          .containsExactly("sum(x)", "theirs( x )", "gone( x )");
      assertThat(manager.waiting())
          .extracting(w -> w.type() + " " + w.block())
          .containsExactly("gone group g, rule absent");
    } finally {
      manager.stop();
    }
  }

  @Test
  void flagsReachTheGroupsAndTheSender() {
    RuleManager manager =
        manager(
            Map.of(
                "rules.alert.for-outage-tolerance", "7m",
                "rules.alert.for-grace-period", "3m",
                "rules.alert.resend-delay", "2m",
                "alertmanager.notification-queue-capacity", "70",
                "alertmanager.notification-batch-size", "5",
                "alertmanager.drain-notification-queue-on-shutdown", "false"));
    assertThat(manager.context().outageTolerance()).isEqualTo(Duration.ofMinutes(7));
    assertThat(manager.context().gracePeriod()).isEqualTo(Duration.ofMinutes(3));
    assertThat(manager.context().resendDelay()).isEqualTo(Duration.ofMinutes(2));
    assertThat(manager.sender().options()).isEqualTo(new AlertSender.Options(70, 5, false));
    assertThat(manager(Map.of()).sender().options())
        .isEqualTo(new AlertSender.Options(10_000, 256, true));
  }
}
