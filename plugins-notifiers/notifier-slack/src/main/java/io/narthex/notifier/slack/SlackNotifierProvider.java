package io.narthex.notifier.slack;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.Secret;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Component;

/** Offers the notifier type {@code slack}. */
@Component(service = NotifierProvider.class)
public final class SlackNotifierProvider
    implements NotifierProvider<SlackConfig, SlackConfig.Globals> {
  private static final String POST_MESSAGE = "https://slack.com/api/chat.postMessage";

  @Override
  public String type() {
    return "slack";
  }

  @Override
  public Class<SlackConfig> configType() {
    return SlackConfig.class;
  }

  @Override
  public Class<SlackConfig.Globals> globalConfigType() {
    return SlackConfig.Globals.class;
  }

  @Override
  public boolean sendResolvedByDefault() {
    return false;
  }

  private static boolean given(@Nullable Secret s) {
    return s != null && !s.isEmpty();
  }

  @Override
  public Notifier open(SlackConfig c, SlackConfig.Globals g, PluginContext context) {
    if (given(c.apiUrl()) && !c.apiUrlFile().isEmpty()) {
      throw new ConfigException("at most one of api_url & api_url_file must be configured");
    }
    if (given(c.appToken()) && !c.appTokenFile().isEmpty()) {
      throw new ConfigException("at most one of app_token & app_token_file must be configured");
    }
    boolean ownUrl = given(c.apiUrl()) || !c.apiUrlFile().isEmpty();
    boolean ownToken = given(c.appToken()) || !c.appTokenFile().isEmpty();
    if (ownUrl && ownToken) {
      throw new ConfigException(
          "at most one of api_url/api_url_file & app_token/app_token_file must be configured");
    }
    boolean globalUrl = given(g.slackApiUrl()) || !g.slackApiUrlFile().isEmpty();
    boolean globalToken = given(g.slackAppToken()) || !g.slackAppTokenFile().isEmpty();
    if (!ownUrl && !ownToken && !globalUrl && !globalToken) {
      throw new ConfigException("no Slack API URL nor App token set either inline or in a file");
    }
    boolean byToken = ownToken || (!ownUrl && globalToken);
    SlackNotifier.Access access;
    if (byToken) {
      String url = c.appUrl().isEmpty() ? g.slackAppUrl() : c.appUrl();
      access =
          new SlackNotifier.Access(
              Secret.of(url),
              "",
              ownToken ? c.appToken() : g.slackAppToken(),
              ownToken ? c.appTokenFile() : g.slackAppTokenFile());
    } else {
      access =
          new SlackNotifier.Access(
              ownUrl ? c.apiUrl() : g.slackApiUrl(),
              ownUrl ? c.apiUrlFile() : g.slackApiUrlFile(),
              null,
              "");
    }
    if (c.updateMessage()) {
      Secret url = access.url();
      if (url == null || !url.reveal().equals(POST_MESSAGE)) {
        throw new ConfigException(
            "update_message can only be used with bot tokens. api_url must be set to "
                + POST_MESSAGE);
      }
    }
    HttpSettings http = c.httpConfig() == null ? g.httpConfig() : c.httpConfig();
    return new SlackNotifier(c, access, http == null ? HttpSettings.DEFAULT : http, context);
  }
}
