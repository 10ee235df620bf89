package io.narthex.storage.tsdb.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.TestHeads;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Labels of a checkpoint come back by their numbers. */
class NumberedLabelsTest {
  private static final long SEED =
      Long.getLong("tests.seed", new Random().nextLong() & 0xffffffffL);
  private static final int SERIES = 3000;

  private final Random random = new Random(SEED);
  private final Head written = TestHeads.empty();
  private final Head head = TestHeads.empty();
  private final NumberedLabels labels = new NumberedLabels(head);
  private final List<ByteSink> records = new ArrayList<>();

  private Labels labels(int i) {
    List<String> all = new ArrayList<>(List.of("__name__", "m" + i % 7, "i", "unique-" + i));
    for (int k = 0; k < 6; k++) {
      if (random.nextInt(3) > 0) {
        all.add((k == 5 ? "\ud83d\ude00" : "n") + k);
        all.add("v" + random.nextInt(200));
      }
    }
    return Labels.of(all.toArray(new String[0]));
  }

  private LabelNumbers numbers() {
    LabelNumbers numbers = new LabelNumbers(written.index());
    numbers.write(
        new Records() {
          @Override
          public ByteSink begin() {
            records.add(new ByteSink(64));
            return records.getLast();
          }

          @Override
          public void end() {
            // all are kept
          }
        });
    return numbers;
  }

  private static ByteSource source(ByteSink of) {
    return new ByteSource(of.data, 0, of.size);
  }

  private void check(LabelNumbers numbers) {
    for (int from = 0; from < SERIES; from += 8) {
      ByteSink body = new ByteSink(64);
      HeadIndex.Pair[] last = {};
      for (int id = from; id < Math.min(SERIES, from + 8); id++) {
        HeadIndex.Pair[] pairs = Objects.requireNonNull(written.pairs(id));
        numbers.write(pairs, last, body);
        last = pairs;
      }
      ByteSource in = source(body);
      last = new HeadIndex.Pair[0];
      for (int id = from; id < Math.min(SERIES, from + 8); id++) {
        last = labels.bind(in, id, last);
        assertThat((Object) head.labels(id)).as("seed %s", SEED).isEqualTo(written.labels(id));
      }
      assertThat(in.remaining()).isZero();
    }
    assertThat(head.index().pairCount()).isEqualTo(written.index().pairCount());
    assertThat(head.index().seriesCount()).isEqualTo(SERIES);
  }

  @Test
  void givesAllLabelsBack() {
    for (int id = 0; id < SERIES; id++) {
      written.insert(id, labels(id));
    }
    LabelNumbers numbers = numbers();
    assertThat(records.size()).as("more than one record").isGreaterThan(1);
    assertThat(records.stream().mapToInt(r -> r.size).sum())
        .as("bytes: values that one series has are not among them")
        .isLessThan(1300 * 10);
    records.forEach(r -> labels.read(source(r)));
    check(numbers);
  }

  @Test
  void writesLabelsThatCameLaterAsText() {
    for (int id = 0; id < SERIES / 2; id++) {
      written.insert(id, labels(id));
    }
    LabelNumbers numbers = numbers();
    for (int id = SERIES / 2; id < SERIES; id++) {
      written.insert(id, labels(id));
    }
    records.forEach(r -> labels.read(source(r)));
    check(numbers);
  }

  @Test
  void aSecondCopyOfLabelsFillsWhatTheFirstLacks() {
    for (int id = 0; id < SERIES; id++) {
      written.insert(id, labels(id));
    }
    LabelNumbers numbers = numbers();
    labels.read(source(records.getLast()));
    for (int i = 0; i < 2; i++) {
      records.forEach(r -> labels.read(source(r)));
    }
    check(numbers);
  }

  @Test
  void numbersOfAnEarlierCheckpointMeanNothing() {
    for (int id = 0; id < SERIES; id++) {
      written.insert(id, labels(id));
    }
    numbers();
    records.clear();
    LabelNumbers numbers = numbers();
    records.forEach(r -> labels.read(source(r)));
    check(numbers);
  }

  private void isRefused(String reason, int... bytes) {
    ByteSink body = new ByteSink(64);
    for (int b : bytes) {
      body.u8(b);
    }
    assertThatThrownBy(() -> labels.bind(source(body), 5, new HeadIndex.Pair[0]))
        .isInstanceOf(ByteSource.Malformed.class)
        .hasMessageContaining(reason);
    assertThat(head.index().pairCount()).as("no label without a series").isZero();
  }

  @Test
  void refusesWhatMakesNoSense() {
    isRefused("has no labels", 0);
    isRefused("label 0 is not there", 1, 1 << 2 | LabelNumbers.ADDED);
    isRefused("replaces label 0 of 0", 1, LabelNumbers.REPLACED);
    isRefused("refers to 1 labels of 0", 1, 1 << 2 | LabelNumbers.SAME);
    isRefused("refers to 0 labels of 0", 1, LabelNumbers.SAME);
    isRefused("refers to 3 labels of 0", 1, 3 << 2 | LabelNumbers.SKIPPED);
    isRefused("count is", 0xff, 0xff, 0x7f);
    isRefused("twice", 2, 2, 1, 'a', 1, 'b', 2, 1, 'a', 1, 'c');
    ByteSink body = new ByteSink(64);
    body.varint(LabelNumbers.MOST - 1L);
    for (int i = 0; i < 2; i++) {
      body.varint(i);
      body.text("a");
      if (i == 0) {
        body.text("b");
      }
    }
    assertThatThrownBy(() -> labels.read(source(body)))
        .isInstanceOf(ByteSource.Malformed.class)
        .hasMessageContaining("more than 1048576 labels");
  }
}
