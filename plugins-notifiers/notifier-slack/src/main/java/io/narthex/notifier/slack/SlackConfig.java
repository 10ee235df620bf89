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
    @Setting(
            help = "Incoming webhook, or chat.postMessage; empty = slack_api_url",
            excludes = "api_url_file")
        @Nullable Secret apiUrl,
    @Setting(help = "File with the URL") String apiUrlFile,
    @Setting(help = "Token of an app; empty = slack_app_token", excludes = "app_token_file")
        @Nullable Secret appToken,
    @Setting(help = "File with the token") String appTokenFile,
    @Setting(help = "Where apps post") String appUrl,
    @Setting(help = "Channel or user; a template") String channel,
    @Setting(
            help = "Name shown; a template",
            defaultValue = "{{ template \"slack.default.username\" . }}")
        String username,
    @Setting(
            help = "Colour of the bar; a template",
            defaultValue = "{{ template \"slack.default.color\" . }}")
        String color,
    @Setting(help = "Title; a template", defaultValue = "{{ template \"slack.default.title\" . }}")
        String title,
    @Setting(
            help = "Where the title leads; a template",
            defaultValue = "{{ template \"slack.default.titlelink\" . }}")
        String titleLink,
    @Setting(
            help = "Text above; a template",
            defaultValue = "{{ template \"slack.default.pretext\" . }}")
        String pretext,
    @Setting(help = "Text; a template", defaultValue = "{{ template \"slack.default.text\" . }}")
        String text,
    @Setting(help = "Text of the message itself; a template") String messageText,
    @Setting(help = "Fields of the attachment") List<Field> fields,
    @Setting(help = "Whether fields stand side by side") boolean shortFields,
    @Setting(
            help = "Foot line; a template",
            defaultValue = "{{ template \"slack.default.footer\" . }}")
        String footer,
    @Setting(
            help = "Text for programs without attachments; a template",
            defaultValue = "{{ template \"slack.default.fallback\" . }}")
        String fallback,
    @Setting(
            help = "Id of actions; a template",
            defaultValue = "{{ template \"slack.default.callbackid\" . }}")
        String callbackId,
    @Setting(
            help = "Emoji as icon; a template",
            defaultValue = "{{ template \"slack.default.iconemoji\" . }}")
        String iconEmoji,
    @Setting(
            help = "Picture as icon; a template",
            defaultValue = "{{ template \"slack.default.iconurl\" . }}")
        String iconUrl,
    @Setting(name = "image_url", help = "Picture; a template") String imageUrl,
    @Setting(name = "thumb_url", help = "Small picture; a template") String thumbUrl,
    @Setting(help = "Whether names become links") boolean linkNames,
    @Setting(help = "Parts in which markup counts; default: fallback, pretext, text")
        List<String> mrkdwnIn,
    @Setting(help = "Buttons") List<Action> actions,
    @Setting(help = "How long a request may take; 0 = 30s", defaultValue = "0s") Duration timeout,
    @Setting(
            help =
                "Change the group's first message instead of sending more; only with chat.postMessage")
        boolean updateMessage,
    @Setting(help = "HTTP client; replaces the global one", optional = true)
        @Nullable HttpSettings httpConfig) {
  /** Where apps post. */
  static final String POST_MESSAGE = "https://slack.com/api/chat.postMessage";

  /** A field of the attachment. */
  public record Field(
      @Setting(help = "Title; a template") String title,
      @Setting(help = "Value; a template") String value,
      @Setting(name = "short", help = "Whether it stands side by side with others")
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
      @Setting(help = "Type, for example button; a template") String type,
      @Setting(help = "Text; a template") String text,
      @Setting(help = "Where it leads; a template") String url,
      @Setting(help = "primary, danger or default; a template") String style,
      @Setting(help = "Name; a template") String name,
      @Setting(help = "Value; a template") String value,
      @Setting(help = "Question before it acts", optional = true) @Nullable Confirmation confirm) {
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
      @Setting(help = "Text; a template") String text,
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

  /** Keys of {@code global} that count here. */
  public record Globals(
      @Setting(help = "Incoming webhook, or chat.postMessage", excludes = "slack_api_url_file")
          @Nullable Secret slackApiUrl,
      @Setting(help = "File with the URL") String slackApiUrlFile,
      @Setting(help = "Token of an app", excludes = "slack_app_token_file")
          @Nullable Secret slackAppToken,
      @Setting(help = "File with the token") String slackAppTokenFile,
      @Setting(help = "Where apps post", defaultValue = POST_MESSAGE) String slackAppUrl,
      @Setting(help = "HTTP client of all receivers", optional = true)
          @Nullable HttpSettings httpConfig) {
    /** Refuses a token beside an address that no app posts to. */
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

    private static boolean isGiven(@Nullable Secret secret) {
      return secret != null && !secret.isEmpty();
    }
  }
}
