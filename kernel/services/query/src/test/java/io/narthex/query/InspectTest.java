package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.query.context.EngineOptions;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryInspector.PlanNode;
import io.narthex.spi.storage.SampleBatch;
import org.junit.jupiter.api.Test;

class InspectTest {
  private static PromqlEngine engine() {
    TestStorage storage = new TestStorage();
    SampleBatch batch = new SampleBatch(200);
    for (String a : new String[] {"x", "y"}) {
      long ref = storage.resolve(Labels.of("__name__", "m", "a", a));
      for (int i = 0; i < 100; i++) {
        batch.add(ref, i * 10_000L, i);
      }
    }
    storage.append(batch);
    return new PromqlEngine(storage, () -> EngineOptions.DEFAULT);
  }

  private static void tree(String query, String expected) {
    assertThat(engine().syntaxTree(query).toString()).isEqualTo(expected);
  }

  /** What Prometheus answers, as maps print themselves. */
  @Test
  void treeHasTheShapeOfPrometheus() {
    tree("Inf", "{type=numberLiteral, val=+Inf}");
    tree("5m", "{type=numberLiteral, val=300}");
    tree("1e10", "{type=numberLiteral, val=10000000000}");
    tree("\"str\"", "{type=stringLiteral, val=str}");
    tree(
        "-m{x!~\"q\"} @ 12.5 offset -1m",
        "{expr={anchored=false, matchers=[{name=x, type=!~, value=q}, {name=__name__, type==, value=m}],"
            + " name=m, offset=-60000, smoothed=false, startOrEnd=null, timestamp=12500,"
            + " type=vectorSelector}, op=-, type=unaryExpr}");
    tree(
        "max_over_time(vector(1)[1h:5m] @ start())",
        "{args=[{expr={args=[{type=numberLiteral, val=1}], func={argTypes=[scalar], name=vector,"
            + " returnType=vector, variadic=0}, type=call}, offset=0, range=3600000,"
            + " startOrEnd=start, step=300000, timestamp=null, type=subquery}],"
            + " func={argTypes=[matrix], name=max_over_time, returnType=vector, variadic=0},"
            + " type=call}");
    tree(
        "quantile without (b) (0.5, {a=\"1\"})",
        "{expr={anchored=false, matchers=[{name=a, type==, value=1}], name=, offset=0,"
            + " smoothed=false, startOrEnd=null, timestamp=null, type=vectorSelector},"
            + " grouping=[b], op=quantile, param={type=numberLiteral, val=0.5}, type=aggregation,"
            + " without=true}");
    assertThat(engine().syntaxTree("m / on(a) group_left(b) m").get("matching"))
        .hasToString(
            "{card=many-to-one, fillValues={lhs=null, rhs=null}, include=[b], labels=[a], on=true}");
    assertThat(engine().syntaxTree("m > bool 2"))
        .containsEntry("bool", true)
        .containsEntry("matching", null)
        .containsEntry("op", ">");
  }

  @Test
  void planTellsWhatEachPartCost() {
    PlanNode top =
        engine()
            .explain(
                "sum(rate(m[1m])) + 1", 100_000, 400_000, 100_000, QueryEngine.Options.DEFAULT);
    assertThat(top.kind()).isEqualTo("binaryExpr");
    assertThat(top.series()).isEqualTo(1);
    assertThat(top.samples()).isEqualTo(4);
    PlanNode rate = top.children().getFirst().children().getFirst();
    assertThat(rate.expression()).isEqualTo("rate(m[1m])");
    assertThat(rate.start()).isEqualTo(4);
    assertThat(rate.end()).isEqualTo(15);
    assertThat(rate.series()).isEqualTo(2);
    PlanNode selector = rate.children().getFirst();
    assertThat(selector.kind()).isEqualTo("matrixSelector");
    assertThat(selector.estimatedSeries()).isEqualTo(2);
    assertThat(selector.evaluations()).isEqualTo(1);
    assertThat(selector.samplesRead()).isEqualTo(top.samplesRead()).isGreaterThan(0);
    assertThat(top.timeNanos()).isGreaterThanOrEqualTo(selector.timeNanos());
    assertThat(top.children().get(1).estimatedSeries()).isNull();
    assertThat(engine().explain("m", 100_000, 0, 0, QueryEngine.Options.DEFAULT).series())
        .isEqualTo(2);
  }
}
