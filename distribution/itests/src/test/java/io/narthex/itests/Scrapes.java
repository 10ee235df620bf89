package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.bench.torture.StallMeter;

/** What is known of the scrapes of a server. */
final class Scrapes {
  /** From so many seconds on a stall may make a scrape fail that has a second. */
  static final double STALL = 0.5;

  private static final StallMeter STALLS = new StallMeter();

  private Scrapes() {}

  /** Begins to watch for stalls, if nobody did before. */
  static void watch() {
    // the class is loaded: that is all
  }

  /**
   * No scrape has failed since a time, in milliseconds. Only a machine that stood still is an
   * excuse.
   *
   * @param up selects one series of {@code up}, which has samples since then
   */
  static void noneFailed(Server server, String up, long since) {
    long elapsed = System.currentTimeMillis() - since;
    double worst = server.value("min_over_time(" + up + "[" + elapsed + "ms])");
    double stall = STALLS.longestSince(since);
    if (worst == 0 && stall > STALL) {
      System.out.printf("%s: a scrape failed; the machine stood still for %.1f s%n", up, stall);
      return;
    }
    assertThat(worst).as(() -> up + "\n" + server.log()).isEqualTo(1);
  }

  /** Waits until a series is 1 by a sample of after a time, in milliseconds. */
  static void awaitAfter(Server server, String series, long since) {
    Server.await(
        series + " again",
        () ->
            server.value(series) == 1 && server.value("timestamp(" + series + ")") * 1000 > since);
  }
}
