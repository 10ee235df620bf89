package io.narthex.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.service.server.ServerInfo;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

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
    return new RuleManager(null, null, null, server(flags), new CountingMetrics(), null);
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
