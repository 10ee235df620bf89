package io.acme.hostile;

import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.plugin.PluginContext;

/** A notifier that cannot send. */
public final class HostileNotifier
    implements NotifierProvider<HostileConfig, NotifierProvider.NoGlobals> {
  /** Creates one. */
  public HostileNotifier() {}

  @Override
  public String type() {
    return "mute";
  }

  @Override
  public Class<HostileConfig> configType() {
    return HostileConfig.class;
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
  public Notifier open(HostileConfig config, NoGlobals globals, PluginContext context) {
    return new Notifier() {
      @Override
      public SendResult send(Notification notification) {
        throw new NoSuchFieldError("send is broken");
      }

      @Override
      public void close() {}
    };
  }
}
