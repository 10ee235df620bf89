package io.narthex.notifier.slack;

import io.narthex.model.go.GoUrl;
import io.narthex.notifier.slack.SlackConfig.Token;
import io.narthex.notifier.slack.SlackConfig.Url;
import io.narthex.notifier.slack.SlackNotifier.Access;
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

  @Override
  public Notifier open(SlackConfig c, SlackConfig.Globals g, PluginContext context) {
    if (SlackConfig.isGiven(c.url().apiUrl()) && !c.url().apiUrlFile().isEmpty()) {
      throw new ConfigException("at most one of api_url & api_url_file must be configured");
    }
    if (SlackConfig.isGiven(c.token().appToken()) && !c.token().appTokenFile().isEmpty()) {
      throw new ConfigException("at most one of app_token & app_token_file must be configured");
    }
    boolean ownUrl = c.url().isGiven();
    boolean ownToken = c.token().isGiven();
    if (ownUrl && ownToken) {
      throw new ConfigException(
          "at most one of api_url/api_url_file & app_token/app_token_file must be configured");
    }
    if (!ownUrl && !ownToken && !g.url().isGiven() && !g.token().isGiven()) {
      throw new ConfigException("no Slack API URL nor App token set either inline or in a file");
    }
    Access access = access(c, g);
    checkUrl(access.url().apiUrl());
    if (c.updateMessage()) {
      Secret url = access.url().apiUrl();
      if (url == null || !url.reveal().equals(SlackConfig.POST_MESSAGE)) {
        throw new ConfigException(
            "update_message can only be used with bot tokens. api_url must be set to "
                + SlackConfig.POST_MESSAGE);
      }
    }
    return new SlackNotifier(c, access, http(c, g), context);
  }

  private static void checkUrl(@Nullable Secret url) {
    // a configuration copied from the status page can be checked
    if (url != null && !url.isEmpty() && !url.reveal().equals("<secret>")) {
      try {
        GoUrl unused = GoUrl.parseHttp(url.reveal());
      } catch (GoUrl.InvalidUrlException e) {
        throw new ConfigException("api_url: " + e.reason(), e);
      }
    }
  }

  private static HttpSettings http(SlackConfig c, SlackConfig.Globals g) {
    HttpSettings http = c.httpConfig() == null ? g.httpConfig() : c.httpConfig();
    return http == null ? HttpSettings.DEFAULT : http;
  }

  @Override
  public SlackConfig effective(SlackConfig c, SlackConfig.Globals g) {
    Access access = access(c, g);
    HttpSettings http = http(c, g);
    return new SlackConfig(
        access.url(),
        access.token(),
        appUrl(c, g),
        c.message(),
        c.timeout(),
        c.updateMessage(),
        access.token().isGiven() ? authorized(http, access.token()) : http);
  }

  private static String appUrl(SlackConfig c, SlackConfig.Globals g) {
    return c.appUrl().isEmpty() ? g.slackAppUrl() : c.appUrl();
  }

  /** Returns the settings with the token as Authorization header. */
  private static HttpSettings authorized(HttpSettings h, Token token) {
    return h.toBuilder()
        .authorization(new Authorization("Bearer", token.appToken(), token.appTokenFile()))
        .build();
  }

  /** Returns URL and token: the block's own, else those of global. */
  private static Access access(SlackConfig c, SlackConfig.Globals g) {
    boolean ownUrl = c.url().isGiven();
    boolean ownToken = c.token().isGiven();
    // a block with a header of its own, as before there were tokens, gets no token from global
    boolean ownHeader = c.httpConfig() != null && c.httpConfig().authorization() != null;
    Url ofApp = new Url(Secret.of(appUrl(c, g)), "");
    if (ownHeader && !ownUrl && !ownToken && !g.url().isGiven()) {
      return new Access(ofApp, Token.NONE);
    }
    if (ownToken || (!ownUrl && g.token().isGiven() && !ownHeader)) {
      return new Access(ofApp, ownToken ? c.token() : g.token());
    }
    return new Access(ownUrl ? c.url() : g.url(), Token.NONE);
  }
}
