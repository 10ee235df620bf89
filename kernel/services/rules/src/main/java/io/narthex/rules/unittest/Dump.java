package io.narthex.rules.unittest;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.service.query.QueryWorkbench;
import io.narthex.service.query.QueryWorkbench.Bench;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import java.util.List;

/** Shows all samples of a test, those of its series and those of rules. */
record Dump(Bench bench, QueryWorkbench workbench) {
  void write(String test, long untilMs, StringBuilder out) {
    out.append("DEBUG: samples of test ").append(test).append('\n');
    SampleTile tile = new SampleTile(256);
    List<Matcher> all = List.of(Matcher.notEqual(Labels.METRIC_NAME, ""));
    try (SeriesCursor cursor =
        bench.storage().select(SelectRequest.of(all, Long.MIN_VALUE, untilMs))) {
      while (cursor.nextSeries()) {
        out.append("DEBUG: ").append(cursor.labels());
        while (cursor.nextTile(tile)) {
          for (int row = 0; row < tile.size; row++) {
            String value =
                tile.kind == SampleTile.Kind.FLOAT
                    ? String.valueOf(tile.values[row])
                    : workbench.literal(tile.histograms[row]);
            out.append(' ').append(value).append('@').append(tile.timesMs[row]);
          }
        }
        out.append('\n');
      }
    }
  }
}
