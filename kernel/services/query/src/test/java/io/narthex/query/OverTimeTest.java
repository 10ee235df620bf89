package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.query.script.PromqlTestRunner;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryResult.Data;
import io.narthex.spi.storage.SampleBatch;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class OverTimeTest {
  private static final long SEED = Long.getLong("tests.seed", 7);

  /** Every window function over windows that overlap against a fresh look at each window. */
  @Test
  void givesTheSameWhetherWindowsSlideOrStandAlone() {
    for (DoubleUnaryOperator shape :
        new DoubleUnaryOperator[] {
          x -> Math.rint(x * 1000), x -> x, x -> Math.rint(x * 10) * 0x1p50, x -> -Math.rint(x)
        }) {
      TestStorage storage = new TestStorage();
      SampleBatch b = new SampleBatch(500);
      Random random = new Random(SEED);
      long ref = storage.resolve(Labels.of("__name__", "m_total"));
      long t = 0;
      for (int i = 0; i < 500; i++) {
        t += 1000 + random.nextInt(20_000);
        boolean odd = random.nextInt(40) == 0;
        b.add(ref, t, odd ? Double.NaN : shape.applyAsDouble(random.nextGaussian()));
      }
      storage.append(b);
      PromqlEngine engine = new PromqlEngine(storage, () -> PromqlTestRunner.OPTIONS);
      for (String f :
          new String[] {
            "sum",
            "avg",
            "min",
            "max",
            "count",
            "last",
            "first",
            "stddev",
            "present",
            "mad",
            "ts_of_max",
            "ts_of_min"
          }) {
        check(engine, f + "_over_time(m_total[10m])", t);
      }
      for (String f : new String[] {"rate", "increase", "delta", "irate", "changes", "resets"}) {
        check(engine, f + "(m_total[10m])", t);
      }
      check(engine, "double_exponential_smoothing(m_total[10m], 0.3, 0.4)", t);
      check(engine, "double_exponential_smoothing(m_total[50s], 0.3, 0.4)", t);
    }
  }

  private static void check(PromqlEngine engine, String query, long end) {
    Data.Matrix all =
        (Data.Matrix) engine.range(query, 0, end, 7_000, QueryEngine.Options.DEFAULT).data();
    long[] times = all.series().getFirst().timesMs();
    double[] values = all.series().getFirst().values();
    for (int i = 0; i < times.length; i += 13) {
      Data.Vector one =
          (Data.Vector) engine.instant(query, times[i], QueryEngine.Options.DEFAULT).data();
      assertThat(values[i])
          .as("%s at %s, seed %s", query, times[i], SEED)
          .isEqualTo(Double.valueOf(one.samples().getFirst().value()));
    }
  }
}
