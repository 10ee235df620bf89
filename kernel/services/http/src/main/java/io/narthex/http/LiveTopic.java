package io.narthex.http;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a page shows and may have to read again. */
enum LiveTopic {
  ALERTS,
  SILENCES,
  TARGETS,
  RULES,
  CONFIG,
  PLUGINS,
  DASHBOARDS,
  NOTIFICATIONS;

  private static final String OWN = "/narthex/api/v1/";

  /** Returns its name in events. */
  String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns what a successful change at a path is about, or null. */
  static @Nullable LiveTopic changedBy(String path) {
    if (path.startsWith("/api/v2/silence")) {
      return SILENCES;
    }
    if (path.startsWith("/api/v2/alerts")) {
      return ALERTS;
    }
    if (path.equals("/-/reload")) {
      return CONFIG;
    }
    if (path.startsWith(OWN + "plugins")) {
      return PLUGINS;
    }
    return path.startsWith(OWN + "dashboards") ? DASHBOARDS : null;
  }
}
