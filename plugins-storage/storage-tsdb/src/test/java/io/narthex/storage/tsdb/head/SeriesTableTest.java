package io.narthex.storage.tsdb.head;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SeriesTableTest {
  private static final int SERIES = 20_000;

  private final SeriesPage[] pages = new SeriesPage[SERIES / SeriesPage.SIZE + 1];
  private final HeadIndex index = new HeadIndex(_ -> null);
  private final SeriesTable table = new SeriesTable(this::page);

  private SeriesPage page(int id) {
    int p = id >>> SeriesPage.BITS;
    if (pages[p] == null) {
      pages[p] = new SeriesPage(p << SeriesPage.BITS);
    }
    return pages[p];
  }

  private void add(int id, Labels labels) {
    page(id).pairs[id & SeriesPage.MASK] = index.pairs(labels);
    page(id).hashes[id & SeriesPage.MASK] = SeriesTable.hash(labels);
    table.add(id, SeriesTable.hash(labels));
  }

  private void remove(int id, Labels labels) {
    table.remove(id, SeriesTable.hash(labels));
    page(id).pairs[id & SeriesPage.MASK] = null;
  }

  private static Labels labels(int i) {
    return Labels.of("__name__", "m" + i % 7, "i", "" + i);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void findsWhatIsInItAndNothingElse(long seed) {
    Random random = new Random(seed);
    Map<Integer, Labels> model = new HashMap<>();
    for (int most : List.of(SERIES, 100, SERIES)) { // it grows, shrinks, and grows again
      for (int step = 0; step < 3 * SERIES; step++) {
        int id = random.nextInt(SERIES);
        if (model.containsKey(id)) {
          if (model.size() > most || random.nextInt(4) == 0) {
            model.remove(id);
            remove(id, labels(id));
          }
        } else if (model.size() < most) {
          model.put(id, labels(id));
          add(id, labels(id));
        }
      }
      table.shrink();
      for (int id = 0; id < SERIES; id++) {
        assertThat(table.find(labels(id))).isEqualTo(model.containsKey(id) ? id : -1);
      }
    }
    assertThat(model).hasSizeGreaterThan(SERIES / 2);
  }
}
