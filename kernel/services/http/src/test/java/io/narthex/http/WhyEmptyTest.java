package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.query.EmptyResultExplainer;
import io.narthex.service.query.EmptyResultExplainer.Condition;
import io.narthex.service.query.EmptyResultExplainer.Explanation;
import io.narthex.service.query.EmptyResultExplainer.Note;
import io.narthex.service.query.EmptyResultExplainer.Problem;
import io.narthex.service.query.EmptyResultExplainer.Selector;
import io.narthex.service.query.QueryEngine;
import io.narthex.spi.storage.MetadataStorage;
import java.lang.reflect.Proxy;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What is asked and answered about empty results. */
class WhyEmptyTest extends AccessHarness {
  private final List<String> asked = new ArrayList<>();

  @SuppressWarnings("unchecked")
  private QueryEngine engine() {
    return (QueryEngine)
        Proxy.newProxyInstance(
            QueryEngine.class.getClassLoader(),
            new Class<?>[] {QueryEngine.class, EmptyResultExplainer.class},
            (p, m, a) -> {
              if (!m.getName().equals("whyEmpty")) {
                throw new UnsupportedOperationException(m.getName());
              }
              MetricMetadata of = ((Function<String, MetricMetadata>) a[3]).apply("h_bucket");
              asked.add(a[0] + " " + a[1] + " " + a[2] + " " + of.type());
              Selector s =
                  new Selector(
                      "up{job=\"x\"}",
                      0,
                      0L,
                      null,
                      Problem.NO_MATCH,
                      List.of(new Condition("job=\"x\"", 0, 2, List.of("node"))),
                      List.of("up_total"),
                      "None.");
              return new Explanation(List.of(s), List.of(new Note("type", "A gauge.")), false);
            });
  }

  private HttpResponse<String> why(String parameters) throws Exception {
    return send(to("/narthex/api/v1/why_empty?" + parameters));
  }

  @Test
  void theReasonIsAnswered() throws Exception {
    MetricMetadata family = new MetricMetadata("h", MetricType.HISTOGRAM, "", "");
    storage =
        (name, a) ->
            name.equals("capability")
                ? fake(MetadataStorage.class, (method, ignored) -> List.of(family))
                : null;
    start();
    Objects.requireNonNull(server).query = engine();
    HttpResponse<String> r = why("query=up%7Bjob%3D%22x%22%7D&time=12.5");
    assertThat(r.statusCode()).as(r.body()).isEqualTo(200);
    assertThat(r.body())
        .isEqualTo(
            "{\"status\":\"success\",\"data\":{\"selectors\":[{\"selector\":\"up{job=\\\"x\\\"}\","
                + "\"series\":0,\"seriesInRange\":0,\"lastSeenMs\":null,\"problem\":\"no_match\","
                + "\"matchers\":[{\"matcher\":\"job=\\\"x\\\"\",\"series\":0,\"seriesWithout\":2,"
                + "\"nearest\":[\"node\"]}],\"nearest\":[\"up_total\"],\"text\":\"None.\"}],"
                + "\"notes\":[{\"kind\":\"type\",\"text\":\"A gauge.\"}],\"truncated\":false}}");
    assertThat(why("query=up&start=1&end=3").statusCode()).isEqualTo(200);
    assertThat(asked)
        .containsExactly("up{job=\"x\"} 12500 12500 HISTOGRAM", "up 1000 3000 HISTOGRAM");
    assertThat(why("query=up&start=3&end=1").statusCode()).isEqualTo(400);
    assertThat(why("query=up&start=3").statusCode()).isEqualTo(400);
  }
}
