package io.acme.scripted;

import io.narthex.model.TargetGroup;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.discovery.TargetSink;
import io.narthex.spi.plugin.PluginContext;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** A discovery that does what the script says. */
public final class ScriptedDiscovery implements DiscoveryProvider<ScriptedDiscovery.Config> {
  /** No settings. */
  public record Config() {}

  /** Creates one. */
  public ScriptedDiscovery() {
    Script.maybeThrow("constructor");
  }

  @Override
  public String type() {
    String other = Script.after("type");
    return other.isEmpty() ? "scripted" : other;
  }

  @Override
  @SuppressWarnings({"unchecked", "NullAway"}) // what the tests are about
  public Class<Config> configType() {
    return switch (Script.text()) {
      case "no record" -> (Class<Config>) (Class<?>) String.class;
      case "null record" -> null;
      default -> Config.class;
    };
  }

  @Override
  public Discovery open(Config config, PluginContext context) {
    Script.maybeThrow("open");
    String refusal = Script.after("refuse");
    if (!refusal.isEmpty()) {
      throw new ConfigException(refusal);
    }
    return new Discovery() {
      @Override
      public void run(TargetSink sink) throws InterruptedException {
        ScriptedDiscovery.run(sink);
      }

      @Override
      public Optional<List<TargetGroup>> probe() {
        Script.maybeThrow("probe");
        return Script.text().equals("lists nothing") ? Optional.of(List.of()) : Optional.empty();
      }
    };
  }

  private static void run(TargetSink sink) throws InterruptedException {
    Script.maybeThrow("run");
    if (!Script.text().startsWith("hang")) {
      String address = Script.after("find");
      sink.update(
          List.of(new TargetGroup("0", Map.of(), List.of(Map.of(TargetGroup.ADDRESS, address)))));
    }
    new CountDownLatch(1).await();
  }
}
