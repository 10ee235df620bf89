package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.query.context.EngineOptions;
import io.narthex.service.server.ServerInfo;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
class PromqlServiceTest {
  private static EngineOptions options(Map<String, String> flags, Set<String> features) {
    return PromqlService.options(
        (ServerInfo)
            Proxy.newProxyInstance(
                PromqlServiceTest.class.getClassLoader(),
                new Class<?>[] {ServerInfo.class},
                (proxy, method, args) ->
                    switch (method.getName()) {
                      case "flag" -> flags.getOrDefault((String) args[0], "");
                      case "feature" -> features.contains((String) args[0]);
                      default -> null;
                    }));
  }

  @Test
  void flagsBecomeTheOptionsOfTheEngine() {
    EngineOptions o =
        options(
            Map.of(
                "query.timeout", "7s",
                "query.lookback-delta", "9s",
                "query.max-samples", "11",
                "query.max-concurrency", "3"),
            Set.of("use-start-timestamps", "type-and-unit-labels"));
    assertThat(o.timeout()).isEqualTo(Duration.ofSeconds(7));
    assertThat(o.lookback()).isEqualTo(Duration.ofSeconds(9));
    assertThat(o.maxSamples()).isEqualTo(11);
    assertThat(o.maxConcurrent()).isEqualTo(3);
    assertThat(o.useStartTimestamps()).isTrue();
    assertThat(o.typeAndUnitLabels()).isTrue();
    assertThat(options(Map.of(), Set.of())).isEqualTo(EngineOptions.DEFAULT);
  }
}
