package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.service.query.QueryActivity;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryInspector;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Running and slow queries over real connections. */
class ActivityApiTest extends ServerHarness {
  private final List<String> asked = new ArrayList<>();

  private void serve() {
    QueryActivity.Running running =
        new QueryActivity.Running(
            "17F2", "up", QueryActivity.Source.API, "127.0.0.1", 103_400_000, 1000, 2000, 15);
    QueryActivity.Total total =
        new QueryActivity.Total("up", QueryActivity.Source.RULES, 3600, 4, 6_000_000_000L, 100);
    Objects.requireNonNull(server).query =
        (QueryEngine)
            Proxy.newProxyInstance(
                QueryEngine.class.getClassLoader(),
                new Class<?>[] {QueryEngine.class, QueryInspector.class, QueryActivity.class},
                (p, m, a) ->
                    switch (m.getName()) {
                      case "running" -> List.of(running);
                      case "cancel" -> {
                        asked.add((String) a[0]);
                        yield a[0].equals("17F2") ? running : null;
                      }
                      case "top" -> {
                        asked.add(a[0] + " " + a[1]);
                        yield new QueryActivity.Top(
                            20_000,
                            Duration.ofMillis(1),
                            List.of(total),
                            List.of(total),
                            List.of(),
                            List.of(total));
                      }
                      default -> throw new UnsupportedOperationException(m.getName());
                    });
  }

  @Test
  void anEngineThatListsNothingIsNamed() throws Exception {
    error(get("/api/v1/status/active_queries"), 503, "unavailable", "cannot list queries");
  }

  @Test
  void listsWhatRuns() throws Exception {
    serve();
    assertThat(get("/api/v1/status/active_queries").body())
        .isEqualTo(
            "{\"status\":\"ok\",\"data\":[{\"duration\":\"0.103s\",\"id\":\"17F2\","
                + "\"remote_addr\":\"127.0.0.1\",\"query\":\"up\",\"start\":1000,\"end\":2000,"
                + "\"step\":15,\"source\":\"api\"}]}");
  }

  @Test
  void listsWhatStandsOut() throws Exception {
    serve();
    assertThat(get("/api/v1/status/top_queries").body())
        .isEqualTo(
            "{\"status\":\"ok\",\"topN\":\"20\",\"maxLifetime\":\"600s\","
                + "\"search.queryStats.lastQueriesCount\":20000,"
                + "\"search.queryStats.minQueryDuration\":\"1ms\","
                + "\"topByCount\":[{\"query\":\"up\",\"timeRangeSeconds\":3600,"
                + "\"source\":\"rules\",\"count\":4}],"
                + "\"topByAvgDuration\":[{\"query\":\"up\",\"timeRangeSeconds\":3600,"
                + "\"source\":\"rules\",\"avgDurationSeconds\":1.5,\"count\":4}],"
                + "\"topBySumDuration\":[],"
                + "\"topByAvgMemoryUsage\":[{\"query\":\"up\",\"timeRangeSeconds\":3600,"
                + "\"source\":\"rules\",\"avgMemoryBytes\":25,\"count\":4}]}");
    assertThat(get("/api/v1/status/top_queries?topN=3&maxLifetime=90s").body())
        .contains("\"topN\":\"3\",\"maxLifetime\":\"90s\"");
    assertThat(asked).containsExactly("20 PT10M", "3 PT1M30S");
    error(get("/api/v1/status/top_queries?topN=1001"), 400, "bad_data", "must be 1 to 1000");
    error(get("/api/v1/status/top_queries?maxLifetime=0"), 400, "bad_data", "more than 0s");
    error(get("/api/v1/status/top_queries?maxLifetime=x"), 400, "bad_data", "valid duration");
  }

  @Test
  void anOperatorEndsAQuery() throws Exception {
    serve();
    assertThat(method("DELETE", "/narthex/api/v1/queries/17F2").statusCode()).isEqualTo(401);
    assertThat(asked).isEmpty();
    assertThat(
            send(to("/narthex/api/v1/queries/17F2")
                    .header("Authorization", "Bearer " + TOKEN)
                    .DELETE())
                .statusCode())
        .isEqualTo(204);
    var gone =
        send(to("/narthex/api/v1/queries/1").header("Authorization", "Bearer " + TOKEN).DELETE());
    assertThat(gone.statusCode()).isEqualTo(404);
    assertThat(gone.body()).contains("may have ended already");
    assertThat(asked).containsExactly("17F2", "1");
    assertThat(audited)
        .singleElement()
        .asString()
        .startsWith("admin@127.0.0.1 end query:17F2 ok: up");
  }
}
