package io.narthex.notifier.slack;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.Secret;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.plugin.HttpTransport.Authorization;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Component;

/** Offers the notifier type {@code slack}. */
@Component(service = NotifierProvider.class)
public final class SlackNotifierProvider
    implements NotifierProvider<SlackConfig, SlackConfig.Globals> {
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
  public boolean mayBeEmpty() {
    return true;
  }

  @Override
  public String templates() {
    String name = "slack.tmpl";
    try (InputStream in = SlackNotifierProvider.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
    SlackNotifier.Access access = access(c, g);
    if (c.updateMessage()) {
      Secret url = access.url();
      if (url == null || !url.reveal().equals(SlackConfig.POST_MESSAGE)) {
        throw new ConfigException(
            "update_message can only be used with bot tokens. api_url must be set to "
                + SlackConfig.POST_MESSAGE);
      }
    }
    return new SlackNotifier(c, access, http(c, g), context);
  }

  private static HttpSettings http(SlackConfig c, SlackConfig.Globals g) {
    HttpSettings http = c.httpConfig() == null ? g.httpConfig() : c.httpConfig();
    return http == null ? HttpSettings.DEFAULT : http;
  }

  @Override
  public SlackConfig effective(SlackConfig c, SlackConfig.Globals g) {
    SlackNotifier.Access access = access(c, g);
    HttpSettings http = http(c, g);
    boolean token = given(access.token()) || !access.tokenFile().isEmpty();
    return new SlackConfig(
        access.url(),
        access.urlFile(),
        access.token(),
        access.tokenFile(),
        c.appUrl().isEmpty() ? g.slackAppUrl() : c.appUrl(),
        c.channel(),
        c.username(),
        c.color(),
        c.title(),
        c.titleLink(),
        c.pretext(),
        c.text(),
        c.messageText(),
        c.fields(),
        c.shortFields(),
        c.footer(),
        c.fallback(),
        c.callbackId(),
        c.iconEmoji(),
        c.iconUrl(),
        c.imageUrl(),
        c.thumbUrl(),
        c.linkNames(),
        c.mrkdwnIn(),
        c.actions(),
        c.timeout(),
        c.updateMessage(),
        token ? authorized(http, access) : http);
  }

  /** Returns the settings with the header that lets an app in. */
  private static HttpSettings authorized(HttpSettings h, SlackNotifier.Access access) {
    return h.toBuilder()
        .authorization(new Authorization("Bearer", access.token(), access.tokenFile()))
        .build();
  }

  /** Returns where messages go and what lets them in: the block's own, else that of global. */
  private static SlackNotifier.Access access(SlackConfig c, SlackConfig.Globals g) {
    boolean ownUrl = given(c.apiUrl()) || !c.apiUrlFile().isEmpty();
    boolean ownToken = given(c.appToken()) || !c.appTokenFile().isEmpty();
    // a block that brings its own header, the way before there were tokens, does without ours
    boolean ownHeader = c.httpConfig() != null && c.httpConfig().authorization() != null;
    boolean globalToken = given(g.slackAppToken()) || !g.slackAppTokenFile().isEmpty();
    boolean globalUrl = given(g.slackApiUrl()) || !g.slackApiUrlFile().isEmpty();
    if (ownHeader && !ownUrl && !ownToken && !globalUrl) {
      String url = c.appUrl().isEmpty() ? g.slackAppUrl() : c.appUrl();
      return new SlackNotifier.Access(Secret.of(url), "", null, "");
    }
    if (ownToken || (!ownUrl && globalToken && !ownHeader)) {
      String url = c.appUrl().isEmpty() ? g.slackAppUrl() : c.appUrl();
      return new SlackNotifier.Access(
          Secret.of(url),
          "",
          ownToken ? c.appToken() : g.slackAppToken(),
          ownToken ? c.appTokenFile() : g.slackAppTokenFile());
    }
    return new SlackNotifier.Access(
        ownUrl ? c.apiUrl() : g.slackApiUrl(),
        ownUrl ? c.apiUrlFile() : g.slackApiUrlFile(),
        null,
        "");
  }
}
