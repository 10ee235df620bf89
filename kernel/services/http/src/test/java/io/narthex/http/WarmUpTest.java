package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The queries that a server sends to itself after its start. */
class WarmUpTest extends ServerHarness {
  private void restart() {
    Objects.requireNonNull(server).stop();
    info.ready = false;
    create();
    OBSERVED.clear();
    CHANGED.clear();
  }

  @Test
  void asksItselfOnceItIsReadyAndCountsNothing() throws Exception {
    config.warmUp = true;
    flags.put("web.max-connections", "1"); // its own connection is none of them
    restart();
    assertThat(get("/api/v1/query?query=up").statusCode()).isEqualTo(503);
    OBSERVED.clear();
    assertThat(engine().warmUps.availablePermits()).isZero();

    info.ready = true;
    assertThat(engine().warmUps.tryAcquire(40, 30, TimeUnit.SECONDS)).isTrue();
    Objects.requireNonNull(server).stop();
    assertThat(engine().warmUps.availablePermits()).isLessThan(2 * 400);
    assertThat(OBSERVED).noneMatch(labels -> labels.contains("/api/v1/query"));
    assertThat(CHANGED)
        .filteredOn(series -> series.startsWith("net_conntrack_listener_conn_accepted_total"))
        .as("the connection of the client")
        .hasSize(1);
  }

  @Test
  void endsWithTheServer() throws Exception {
    config.warmUp = true;
    restart();
    long began = System.nanoTime();
    Objects.requireNonNull(server).stop(); // it waits for a server that is never ready
    assertThat(System.nanoTime() - began).isLessThan(TimeUnit.SECONDS.toNanos(30));
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(t -> t.getName().equals("http-warm-up"));
  }

  @Test
  void isLeftOutWhereTheConfigurationSaysSo() throws Exception {
    restart();
    info.ready = true;
    assertThat(get("/api/v1/query?query=up").statusCode()).isEqualTo(200);
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(t -> t.getName().equals("http-warm-up"));
    assertThat(engine().warmUps.availablePermits()).isZero();
  }
}
