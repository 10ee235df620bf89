package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

/** What is known of the scrapes of a server. */
final class Scrapes {
  private Scrapes() {}

  /**
   * No scrape has failed since a time, in milliseconds.
   *
   * @param up selects one series of {@code up}, which has samples since then
   */
  static void noneFailed(Server server, String up, long since) {
    long elapsed = System.currentTimeMillis() - since;
    assertThat(server.value("min_over_time(" + up + "[" + elapsed + "ms])")).as(up).isEqualTo(1);
  }

  /** Waits until a series is 1 by a sample of after a time, in milliseconds. */
  static void awaitAfter(Server server, String series, long since) {
    Server.await(
        series + " again",
        () ->
            server.value(series) == 1 && server.value("timestamp(" + series + ")") * 1000 > since);
  }
}
