package io.narthex.notifier.slack;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Builds the message of a notification: one attachment, texts cut to Slack's limits. */
final class SlackMessage {
  private static final int MAX_TITLE = 1024;
  private static final List<String> MARKUP = List.of("fallback", "pretext", "text");

  private SlackMessage() {}

  static Map<String, @Nullable Object> of(SlackConfig.Message c, SlackTexts t) {
    // first, as in the original: after a text that fails to expand, all that follow are empty
    Map<String, @Nullable Object> attachment = attachment(c, t);
    Map<String, @Nullable Object> message = new LinkedHashMap<>();
    put(message, "channel", t.text(c.channel()));
    put(message, "username", t.text(c.username()));
    put(message, "icon_emoji", t.text(c.iconEmoji()));
    put(message, "icon_url", t.text(c.iconUrl()));
    if (c.linkNames()) {
      message.put("link_names", true);
    }
    put(message, "text", t.text(c.messageText()));
    message.put("attachments", List.of(attachment));
    return message;
  }

  private static Map<String, @Nullable Object> attachment(SlackConfig.Message c, SlackTexts t) {
    Map<String, @Nullable Object> a = new LinkedHashMap<>();
    put(a, "title", cut(t.text(c.title()), MAX_TITLE));
    put(a, "title_link", t.text(c.titleLink()));
    put(a, "pretext", t.text(c.pretext()));
    a.put("text", t.text(c.text()));
    a.put("fallback", t.text(c.fallback()));
    a.put("callback_id", t.text(c.callbackId()));
    if (!c.fields().isEmpty()) {
      List<Object> fields = new ArrayList<>();
      for (SlackConfig.Field f : c.fields()) {
        Map<String, @Nullable Object> m = new LinkedHashMap<>();
        put(m, "title", t.text(f.title()));
        put(m, "value", t.text(f.value()));
        m.put("short", f.narrow() == null ? c.shortFields() : f.narrow());
        fields.add(m);
      }
      a.put("fields", fields);
    }
    if (!c.actions().isEmpty()) {
      List<Object> actions = new ArrayList<>();
      c.actions().forEach(x -> actions.add(action(x, t)));
      a.put("actions", actions);
    }
    put(a, "image_url", t.text(c.imageUrl()));
    put(a, "thumb_url", t.text(c.thumbUrl()));
    a.put("footer", t.text(c.footer()));
    put(a, "color", t.text(c.color()));
    a.put("mrkdwn_in", c.mrkdwnIn().isEmpty() ? MARKUP : c.mrkdwnIn());
    return a;
  }

  private static Map<String, @Nullable Object> action(SlackConfig.Action x, SlackTexts t) {
    Map<String, @Nullable Object> m = new LinkedHashMap<>();
    put(m, "type", t.text(x.type()));
    put(m, "text", t.text(x.text()));
    put(m, "url", t.text(x.url()));
    put(m, "style", t.text(x.style()));
    if (!x.url().isEmpty()) {
      return m; // a link: the original drops the keys of buttons that send a value
    }
    put(m, "name", t.text(x.name()));
    put(m, "value", t.text(x.value()));
    SlackConfig.Confirmation q = x.confirm();
    if (q != null) {
      Map<String, @Nullable Object> confirm = new LinkedHashMap<>();
      put(confirm, "text", t.text(q.text()));
      put(confirm, "title", t.text(q.title()));
      put(confirm, "ok_text", t.text(q.okText()));
      put(confirm, "dismiss_text", t.text(q.dismissText()));
      m.put("confirm", confirm);
    }
    return m;
  }

  private static void put(Map<String, @Nullable Object> map, String key, String value) {
    if (!value.isEmpty()) {
      map.put(key, value);
    }
  }

  /** Cuts a text to {@code most} code points, the ellipsis included. */
  static String cut(String text, int most) {
    if (text.codePointCount(0, text.length()) <= most) {
      return text;
    }
    return text.substring(0, text.offsetByCodePoints(0, most - 1)) + "…";
  }
}
