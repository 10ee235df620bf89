package io.narthex.storage.tsdb.head;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.TestHeads;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.wal.SharedLabels;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Names of series, read without making label sets, against the reader that makes them. */
class SeriesNamesTest {
  private static final long SEED =
      Long.getLong("tests.seed", new Random().nextLong() & 0xffffffffL);
  private static final String[] NAMES = {"__name__", "a", "b", "bb", "c\u00e9", "\ud83d\ude00"};
  private static final int ASCII_NAMES = 4;

  private final Random random = new Random(SEED);
  private final Head plain = TestHeads.empty();
  private final Head head = TestHeads.empty();
  private final SeriesNames names = new SeriesNames(head);

  private boolean ascii;

  private Labels labels() {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < (ascii ? ASCII_NAMES : NAMES.length); i++) {
      if (random.nextInt(3) > 0) {
        all.add(NAMES[i]);
        all.add((!ascii && random.nextInt(9) == 0 ? "\u00e9" : "v") + random.nextInt(4));
      }
    }
    return Labels.of(all.toArray(new String[0]));
  }

  private byte[] record(int series) {
    ByteSink out = new ByteSink(64);
    SharedLabels writer = new SharedLabels();
    writer.begin();
    int id = random.nextInt(50);
    for (int i = 0; i < series; i++) {
      id = random.nextInt(4) == 0 ? random.nextInt(50) : id + 1;
      writer.write(id, labels(), out);
    }
    byte[] bytes = new byte[out.size];
    System.arraycopy(out.data, 0, bytes, 0, out.size);
    return bytes;
  }

  /** Reads a record both ways; both take the same series of it, or of its beginning. */
  private void readBoth(byte[] record) {
    String expected = "";
    String found = "";
    try {
      new SharedLabels()
          .read(
              new ByteSource(record, 0, record.length),
              (id, labels) -> {
                if (!labels.isEmpty()) {
                  plain.bind(id, labels);
                }
              });
    } catch (ByteSource.Malformed e) {
      expected = String.valueOf(e.getMessage());
    }
    try {
      names.read(new ByteSource(record, 0, record.length));
    } catch (ByteSource.Malformed e) {
      found = String.valueOf(e.getMessage());
    }
    assertThat(found.isEmpty())
        .as("seed %s: %s, %s", SEED, found, expected)
        .isEqualTo(expected.isEmpty());
    assertThat(head.nextId()).as("seed %s", SEED).isEqualTo(plain.nextId());
    for (int id = 0; id < plain.nextId(); id++) {
      assertThat((Object) head.labels(id))
          .as("seed %s, id %s", SEED, id)
          .isEqualTo(plain.labels(id));
      if (!plain.labels(id).isEmpty()) {
        assertThat(head.find(plain.labels(id))).as("seed %s", SEED).isEqualTo(id);
      }
    }
    assertThat(head.index().pairCount()).isEqualTo(plain.index().pairCount());
  }

  @Test
  void bindsTheSameSeriesAsTheReaderOfLabelSets() {
    for (int i = 0; i < 2000; i++) {
      readBoth(record(1 + random.nextInt(20)));
    }
  }

  @Test
  void takesOfADamagedRecordWhatTheReaderOfLabelSetsDoes() {
    ascii = true; // read as ids, the bytes of others are millions
    for (int i = 0; i < 5000; i++) {
      byte[] record = record(3);
      int at = 1 + random.nextInt(record.length - 1);
      record[at] ^= (byte) (1 << random.nextInt(7));
      readBoth(record);
    }
  }

  @Test
  void makesNoTextsOfLabelsThatAreKnown() {
    byte[] record = record(20);
    names.read(new ByteSource(record, 0, record.length));
    Map<Integer, HeadIndex.Pair[]> before = new HashMap<>();
    for (int id = 0; id < head.nextId(); id++) {
      HeadIndex.Pair[] pairs = head.pairs(id);
      if (pairs != null) {
        before.put(id, pairs);
      }
    }
    int removals = head.removals();
    names.read(new ByteSource(record, 0, record.length));
    if (removals == head.removals()) { // no series has two ids in this record
      before.forEach((id, pairs) -> assertThat(head.pairs(id)).isSameAs(pairs));
    }
  }
}
