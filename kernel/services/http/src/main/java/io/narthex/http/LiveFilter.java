package io.narthex.http;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Set;

/** Answers {@code /narthex/api/v1/events} and {@code /api/v1/notifications/live}. */
final class LiveFilter extends DirectFilter {
  static final String EVENTS = "/narthex/api/v1/events";
  static final String NOTIFICATIONS = "/api/v1/notifications/live";

  private final String path;
  private final LiveStreams streams;

  /**
   * Creates a filter.
   *
   * @param path {@link #EVENTS} or {@link #NOTIFICATIONS}
   */
  LiveFilter(String path, Common common, LiveStreams streams) {
    super(path, Set.of("GET"), common);
    this.path = path;
    this.streams = streams;
  }

  @Override
  boolean answersAlways() {
    return true;
  }

  @Override
  void answer(HttpServletRequest in, HttpServletResponse out) throws IOException {
    if (path.equals(EVENTS)) {
      streams.changes(in, out);
    } else {
      streams.notifications(in, out);
    }
  }
}
