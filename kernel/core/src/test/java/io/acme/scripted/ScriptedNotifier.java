package io.acme.scripted;

import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.plugin.PluginContext;

/** A notifier that does what the script says. */
public final class ScriptedNotifier
    implements NotifierProvider<ScriptedNotifier.Config, NotifierProvider.NoGlobals> {
  /** No settings. */
  public record Config() {}

  @Override
  public String type() {
    return "scripted";
  }

  @Override
  public Class<Config> configType() {
    return Config.class;
  }

  @Override
  public Class<NoGlobals> globalConfigType() {
    return NoGlobals.class;
  }

  @Override
  public boolean sendResolvedByDefault() {
    return true;
  }

  @Override
  public Notifier open(Config config, NoGlobals globals, PluginContext context) {
    return new Notifier() {
      @Override
      public SendResult send(Notification notification) {
        Script.maybeThrow("send");
        return SendResult.delivered();
      }

      @Override
      public void probe() {
        Script.maybeThrow("probe");
      }

      @Override
      public void close() {}
    };
  }
}
