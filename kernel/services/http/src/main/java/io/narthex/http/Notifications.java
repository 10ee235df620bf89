package io.narthex.http;

import io.narthex.service.config.ConfigService;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Notifications for the web UI: a failed reload, settings without effect. */
final class Notifications {
  private Notifications() {}

  /** A notification. */
  record Notification(String text, String date) {
    void write(Json out, boolean active) throws IOException {
      out.field("text", text);
      out.field("date", date);
      out.field("active", active);
    }
  }

  /** Returns those that are active. */
  static List<Notification> of(ConfigService config) {
    ConfigService.Outcome reload = config.lastReload();
    String date = reload.lastSuccess().toString();
    List<Notification> all = new ArrayList<>();
    if (!reload.successful()) {
      all.add(new Notification("Configuration reload has failed.", date));
    }
    for (ConfigService.Ignored ignored : config.ignored()) {
      all.add(
          new Notification(
              "Configured without effect: " + ignored.name() + " (" + ignored.reason() + ").",
              date));
    }
    return all;
  }
}
