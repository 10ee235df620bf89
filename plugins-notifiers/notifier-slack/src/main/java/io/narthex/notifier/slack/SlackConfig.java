package io.narthex.notifier.slack;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One entry of {@code slack_configs}. */
public record SlackConfig(
    @Setting(inline = true) Url url,
    @Setting(inline = true) Token token,
    @Setting(help = "URL that an app posts to; empty = slack_app_url") String appUrl,
    @Setting(inline = true) Message message,
    @Setting(help = "Timeout of a request; 0s = 30s", defaultValue = "0s") Duration timeout,
    @Setting(
            help =
                "Whether the group's first message is changed instead of another one being posted; only with chat.postMessage")
        boolean updateMessage,
    @Setting(help = "HTTP client; replaces the global one", optional = true)
        @Nullable HttpSettings httpConfig) {
  /** The URL of {@code chat.postMessage}. */
  static final String POST_MESSAGE = "https://slack.com/api/chat.postMessage";

  static boolean isGiven(@Nullable Secret secret) {
    return secret != null && !secret.isEmpty();
  }

  /** The URL that messages are posted to. */
  public record Url(
      @Setting(
              help = "URL of an incoming webhook, or chat.postMessage; empty = slack_api_url",
              excludes = "api_url_file")
          @Nullable Secret apiUrl,
      @Setting(help = "File with the URL, read for every notification", file = true)
          String apiUrlFile) {
    boolean isGiven() {
      return SlackConfig.isGiven(apiUrl) || !apiUrlFile.isEmpty();
    }
  }

  /** The token of an app. */
  public record Token(
      @Setting(help = "Token of an app; empty = slack_app_token", excludes = "app_token_file")
          @Nullable Secret appToken,
      @Setting(help = "File with the token, read for every notification", file = true)
          String appTokenFile) {
    /** No token: an incoming webhook needs none. */
    static final Token NONE = new Token(null, "");

    boolean isGiven() {
      return SlackConfig.isGiven(appToken) || !appTokenFile.isEmpty();
    }
  }

  /** What is posted; no key of {@code global} changes it. */
  public record Message(
      @Setting(help = "Channel or user; a template") String channel,
      @Setting(
              help = "Name of the sender; a template",
              defaultValue = "{{ template \"slack.default.username\" . }}")
          String username,
      @Setting(
              help = "Colour of the attachment's bar; a template",
              defaultValue = "{{ template \"slack.default.color\" . }}")
          String color,
      @Setting(
              help = "Title, cut at 1024 characters; a template",
              defaultValue = "{{ template \"slack.default.title\" . }}")
          String title,
      @Setting(
              help = "URL that the title links to; a template",
              defaultValue = "{{ template \"slack.default.titlelink\" . }}")
          String titleLink,
      @Setting(
              help = "Text above the attachment; a template",
              defaultValue = "{{ template \"slack.default.pretext\" . }}")
          String pretext,
      @Setting(
              help = "Text of the attachment; a template",
              defaultValue = "{{ template \"slack.default.text\" . }}")
          String text,
      @Setting(help = "Text of the message itself; a template") String messageText,
      @Setting(help = "Fields of the attachment") List<Field> fields,
      @Setting(help = "Whether fields without a short of their own share a line")
          boolean shortFields,
      @Setting(
              help = "Footer of the attachment; a template",
              defaultValue = "{{ template \"slack.default.footer\" . }}")
          String footer,
      @Setting(
              help = "Text for clients that show no attachments; a template",
              defaultValue = "{{ template \"slack.default.fallback\" . }}")
          String fallback,
      @Setting(
              help = "Id of the actions; a template",
              defaultValue = "{{ template \"slack.default.callbackid\" . }}")
          String callbackId,
      @Setting(
              help = "Emoji as the sender's icon; a template",
              defaultValue = "{{ template \"slack.default.iconemoji\" . }}")
          String iconEmoji,
      @Setting(
              help = "URL of the sender's icon; a template",
              defaultValue = "{{ template \"slack.default.iconurl\" . }}")
          String iconUrl,
      @Setting(name = "image_url", help = "URL of an image; a template") String imageUrl,
      @Setting(name = "thumb_url", help = "URL of a thumbnail; a template") String thumbUrl,
      @Setting(help = "Whether names of channels and users become links") boolean linkNames,
      @Setting(help = "Parts whose markup is rendered; empty = fallback, pretext, text")
          List<String> mrkdwnIn,
      @Setting(help = "Buttons of the attachment") List<Action> actions) {}

  /** A field of the attachment. */
  public record Field(
      @Setting(help = "Title; a template") String title,
      @Setting(help = "Value; a template") String value,
      @Setting(name = "short", help = "Whether it shares a line; absent = short_fields")
          @Nullable Boolean narrow) {
    /** Refuses a field without title or value. */
    public Field {
      if (title.isEmpty()) {
        throw new ConfigException("missing title in Slack field configuration");
      }
      if (value.isEmpty()) {
        throw new ConfigException("missing value in Slack field configuration");
      }
    }
  }

  /** A button. */
  public record Action(
      @Setting(help = "Type, for example button; a template; required") String type,
      @Setting(help = "Text; a template; required") String text,
      @Setting(help = "URL that it opens; a template; this or name is required") String url,
      @Setting(help = "primary, danger or default; a template") String style,
      @Setting(help = "Name; a template") String name,
      @Setting(help = "Value; a template") String value,
      @Setting(help = "Question asked before it acts", optional = true)
          @Nullable Confirmation confirm) {
    /** Refuses an action that Slack would refuse. */
    public Action {
      if (type.isEmpty()) {
        throw new ConfigException("missing type in Slack action configuration");
      }
      if (text.isEmpty()) {
        throw new ConfigException("missing text in Slack action configuration");
      }
      if (url.isEmpty() && name.isEmpty()) {
        throw new ConfigException("missing name or url in Slack action configuration");
      }
    }
  }

  /** A question before a button acts. */
  public record Confirmation(
      @Setting(help = "Text; a template; required") String text,
      @Setting(help = "Title; a template") String title,
      @Setting(help = "Text for yes; a template") String okText,
      @Setting(help = "Text for no; a template") String dismissText) {
    /** Refuses one without text. */
    public Confirmation {
      if (text.isEmpty()) {
        throw new ConfigException("missing text in Slack confirmation configuration");
      }
    }
  }

  /** The keys of {@code global} that this notifier reads. */
  public record Globals(
      @Setting(
              help = "URL of an incoming webhook, or chat.postMessage",
              excludes = "slack_api_url_file")
          @Nullable Secret slackApiUrl,
      @Setting(help = "File with the URL, read for every notification", file = true)
          String slackApiUrlFile,
      @Setting(help = "Token of an app", excludes = "slack_app_token_file")
          @Nullable Secret slackAppToken,
      @Setting(help = "File with the token, read for every notification", file = true)
          String slackAppTokenFile,
      @Setting(help = "URL that an app posts to", defaultValue = POST_MESSAGE) String slackAppUrl,
      @Setting(help = "HTTP client of all receivers", optional = true)
          @Nullable HttpSettings httpConfig) {
    /** Refuses a token together with a URL that no app posts to. */
    public Globals {
      boolean token = isGiven(slackAppToken) || !slackAppTokenFile.isEmpty();
      boolean url = isGiven(slackApiUrl) || !slackApiUrlFile.isEmpty();
      String posted = slackAppUrl.isEmpty() ? POST_MESSAGE : slackAppUrl;
      if (token && url && (slackApiUrl == null || !slackApiUrl.reveal().equals(posted))) {
        throw new ConfigException(
            "at most one of slack_app_token/slack_app_token_file & "
                + "slack_api_url/slack_api_url_file must be configured");
      }
    }

    Url url() {
      return new Url(slackApiUrl, slackApiUrlFile);
    }

    Token token() {
      return new Token(slackAppToken, slackAppTokenFile);
    }
  }
}
