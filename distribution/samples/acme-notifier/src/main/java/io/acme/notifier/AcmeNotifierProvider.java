package io.acme.notifier;

import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.plugin.PluginContext;

/** Offers {@code acme_configs}. */
public final class AcmeNotifierProvider
    implements NotifierProvider<AcmeConfig, NotifierProvider.NoGlobals> {
  @Override
  public String type() {
    return "acme";
  }

  @Override
  public Class<AcmeConfig> configType() {
    return AcmeConfig.class;
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
  public Notifier open(AcmeConfig config, NoGlobals globals, PluginContext context) {
    return new AcmeNotifier(config.url(), context.http());
  }
}
