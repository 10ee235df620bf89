package io.narthex.core.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.spi.function.FunctionProvider;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.function.PromqlFunction.OfScalars;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FunctionHostTest {
  private final FunctionHost host = new FunctionHost(new PluginGuard(), Duration.ofSeconds(10));
  private final ProviderRegistry registry = new ProviderRegistry();

  FunctionHostTest() {
    registry.listen(host);
  }

  private static Provider provider(String plugin, String type, String... names) {
    List<PromqlFunction> functions =
        Stream.of(names)
            .map(n -> new PromqlFunction(n, List.of(), (OfScalars) (call, out) -> {}))
            .toList();
    return new Provider(
        Kind.FUNCTION,
        type,
        plugin,
        new FunctionProvider() {
          @Override
          public String type() {
            return type;
          }

          @Override
          public List<PromqlFunction> functions() {
            return functions;
          }
        });
  }

  @Test
  void functionsComeAndGoWithTheirPlugin() {
    registry.publish("p", List.of(provider("p", "one", "f", "g")));
    try (FunctionRegistry.Lease lease = host.lease()) {
      assertThat(Objects.requireNonNull(lease.find("f")).name()).isEqualTo("f");
      assertThat(lease.find("h")).isNull();
    }
    assertThat(host.instances("one")).containsOnlyKeys("f()", "g()");
    registry.withdraw("p");
    try (FunctionRegistry.Lease lease = host.lease()) {
      assertThat(lease.find("f")).isNull();
    }
    assertThat(host.formerProvider("f")).isEqualTo("p");
    assertThat(host.formerProvider("h")).isNull();
  }

  @Test
  void refusesNamesOfTheLanguageBeforeTheEngineHasStarted() {
    for (String name : List.of("rate", "sum", "Sum", "offset")) {
      assertThatThrownBy(() -> registry.probe(List.of(provider("q", "two", name))))
          .hasMessage("function \"" + name + "\" is built in; give it another name");
    }
    host.reserve(Set.of("brand_new"));
    for (String name : List.of("rate", "brand_new")) {
      assertThatThrownBy(() -> registry.publish("q", List.of(provider("q", "two", name))))
          .hasMessage("function \"" + name + "\" is built in; give it another name");
    }
    assertThat(host.instances("two")).isEmpty();
  }

  @Test
  void refusesNamesOfTheLanguageAndOfOtherPlugins() {
    registry.publish("p", List.of(provider("p", "one", "f")));
    assertThatThrownBy(() -> registry.probe(List.of(provider("q", "two", "f"))))
        .hasMessage("function \"f\" is already served by plugin `p`; remove that one first");
    assertThatThrownBy(() -> registry.publish("q", List.of(provider("q", "two", "rate"))))
        .hasMessage("function \"rate\" is built in; give it another name");
    registry.publish("p", List.of(provider("p", "one", "f", "g")));
    assertThat(host.instances("one")).containsOnlyKeys("f()", "g()");
    assertThat(host.instances("two")).isEmpty();
  }

  @Test
  void replacedVersionGoesWhenItsQueriesHaveEnded() throws InterruptedException {
    registry.publish("p", List.of(provider("p", "one", "f")));
    FunctionRegistry.Lease lease = host.lease();
    PromqlFunction old = lease.find("f");
    Thread change =
        Thread.ofPlatform()
            .name("change")
            .start(() -> registry.publish("p", List.of(provider("p", "one", "f"))));
    Fakes.eventually(() -> {
      try (FunctionRegistry.Lease next = host.lease()) {
        return next.find("f") != old;
      }
    });
    assertThat(change.isAlive()).isTrue();
    assertThat(lease.find("f")).isSameAs(old);
    lease.close();
    change.join();
  }
}
