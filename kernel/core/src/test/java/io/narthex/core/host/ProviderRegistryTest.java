package io.narthex.core.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ProviderRegistryTest {
  private final ProviderRegistry registry = new ProviderRegistry();
  private final List<String> events = new ArrayList<>();

  private final class Recorder implements ProviderRegistry.Listener {
    private final String name;
    private final String refuses;

    Recorder(String name, String refuses) {
      this.name = name;
      this.refuses = refuses;
    }

    @Override
    public void probe(Provider candidate) {
      if (candidate.service().equals(refuses)) {
        throw new IllegalStateException("refused");
      }
    }

    @Override
    public void changed(Kind kind, String type, @Nullable Provider now) {
      if (now != null && now.service().equals(refuses)) {
        throw new IllegalStateException("refused");
      }
      events.add(name + " " + type + "=" + (now == null ? "none" : now.service()));
    }
  }

  private static Provider provider(String plugin, String type, String service) {
    return new Provider(Kind.DISCOVERY, type, plugin, service);
  }

  @Test
  void publishesReplacesAndWithdraws() {
    registry.listen(new Recorder("l", ""));
    registry.publish("p", List.of(provider("p", "a", "a1"), provider("p", "b", "b1")));
    registry.publish("p", List.of(provider("p", "a", "a2")));
    assertThat(events).containsExactly("l a=a1", "l b=b1", "l a=a2", "l b=none");
    assertThat(registry.types(Kind.DISCOVERY)).containsExactly("a");
    registry.withdraw("p");
    assertThat(registry.find(Kind.DISCOVERY, "a")).isNull();
  }

  @Test
  void lateListenerHearsOfAll() {
    registry.publish("p", List.of(provider("p", "a", "a1")));
    registry.listen(new Recorder("l", ""));
    assertThat(events).containsExactly("l a=a1");
  }

  @Test
  void refusesATypeThatAnotherPluginServes() {
    registry.publish("p", List.of(provider("p", "a", "a1")));
    assertThatThrownBy(
            () -> registry.publish("q", List.of(provider("q", "b", "b"), provider("q", "a", "a"))))
        .hasMessage("discovery:a is already served by plugin `p`; remove that one first");
    assertThat(registry.find(Kind.DISCOVERY, "b")).isNull();
  }

  @Test
  void undoesASwitchThatAListenerRefuses() {
    registry.listen(new Recorder("first", ""));
    registry.listen(new Recorder("second", "b2"));
    registry.publish("p", List.of(provider("p", "a", "a1"), provider("p", "b", "b1")));
    events.clear();
    assertThatThrownBy(() ->
            registry.publish("p", List.of(provider("p", "a", "a2"), provider("p", "b", "b2"))))
        .hasMessage("refused");
    assertThat(events)
        .containsExactly(
            "first a=a2", "second a=a2", "first b=b2", "first b=b1", "first a=a1", "second a=a1");
    assertThat(registry.find(Kind.DISCOVERY, "a")).isEqualTo(provider("p", "a", "a1"));
    assertThat(registry.find(Kind.DISCOVERY, "b")).isEqualTo(provider("p", "b", "b1"));
  }

  @Test
  void probeAsksAllListeners() {
    registry.listen(new Recorder("l", "bad"));
    registry.probe(List.of(provider("p", "a", "good")));
    assertThatThrownBy(() -> registry.probe(List.of(provider("p", "a", "bad"))))
        .hasMessage("refused");
    assertThat(events).isEmpty();
  }

  @Test
  void undoesAnUpdateWhoseDroppedTypeAListenerKeeps() {
    registry.listen(
        new ProviderRegistry.Listener() {
          @Override
          public void probe(Provider candidate) {}

          @Override
          public void changed(Kind kind, String type, @Nullable Provider now) {
            if (now == null) {
              throw new IllegalStateException("busy");
            }
          }
        });
    registry.publish("p", List.of(provider("p", "a", "a1"), provider("p", "b", "b1")));
    assertThatThrownBy(() -> registry.publish("p", List.of(provider("p", "a", "a2"))))
        .hasMessage("busy");
    assertThat(registry.find(Kind.DISCOVERY, "a")).isEqualTo(provider("p", "a", "a1"));
    assertThat(registry.find(Kind.DISCOVERY, "b")).isEqualTo(provider("p", "b", "b1"));
  }

  @Test
  void undoesASwitchInWhichAListenerThrowsAnError() {
    registry.listen(new Recorder("first", ""));
    registry.publish("p", List.of(provider("p", "a", "a1")));
    registry.listen(
        new ProviderRegistry.Listener() {
          @Override
          public void probe(Provider candidate) {}

          @Override
          public void changed(Kind kind, String type, @Nullable Provider now) {
            if (now != null && now.service().equals("a2")) {
              throw new AssertionError("fault");
            }
          }
        });
    assertThatThrownBy(() -> registry.publish("p", List.of(provider("p", "a", "a2"))))
        .hasMessage("fault");
    assertThat(registry.find(Kind.DISCOVERY, "a")).isEqualTo(provider("p", "a", "a1"));
    assertThat(events).endsWith("first a=a2", "first a=a1");
  }
}
