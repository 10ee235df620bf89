package io.narthex.storage.tsdb.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.storage.tsdb.NodeLikeData;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RowsTest {
  private static final long SEED =
      Long.getLong("tests.seed", new Random().nextLong() & 0xffffffffL);
  private static final long T0 = 1_700_000_000_000L;

  private final Random random = new Random(SEED);

  record Row(int id, long timeMs, long bits, @Nullable NativeHistogram histogram, long startMs) {}

  private static ByteSource source(ByteSink out) {
    return new ByteSource(Arrays.copyOf(out.data, out.size + ChunkCodec.SLACK), 0, out.size);
  }

  private static void write(RowsWriter writer, long sequence, List<Row> rows, ByteSink out) {
    writer.begin(sequence, rows.getFirst().timeMs(), out);
    writeRows(writer, rows);
  }

  private static void writeRows(RowsWriter writer, List<Row> rows) {
    for (Row r : rows) {
      writer.row(r.id(), r.timeMs(), Double.longBitsToDouble(r.bits()), r.histogram(), r.startMs());
    }
    writer.end();
  }

  private static RowsReader reader(List<Row> into) {
    return new RowsReader((id, timeMs, value, h, startMs) ->
        into.add(new Row(id, timeMs, Double.doubleToRawLongBits(value), h, startMs)));
  }

  /** Series of a kind each; a row may jump to another kind. */
  private double value(int kind, double previous) {
    return switch (kind) {
      case 0 -> previous;
      case 1 -> previous + random.nextInt(300);
      case 2 -> Math.round((previous + random.nextDouble()) * 100) / 100.0;
      case 3 -> random.nextGaussian();
      case 4 -> Double.longBitsToDouble(random.nextLong());
      case 5 -> random.nextInt(4) == 0 ? StaleMarker.VALUE : previous;
      case 6 -> previous + random.nextInt(1 << 20) / 1e9;
      case 7 -> previous + 1024.0 * (random.nextInt(1 << 22) - (1 << 21));
      case 8 -> (double) (random.nextLong() >> random.nextInt(64));
      case 9 -> -previous;
      case 10 -> Double.longBitsToDouble(0x7ff0000000000001L | random.nextInt(4));
      case 11 -> random.nextBoolean() ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
      case 12 -> Double.longBitsToDouble(Double.doubleToRawLongBits(previous) ^ random.nextInt());
      case 13 -> (random.nextBoolean() ? 1 : -1) * Math.pow(10, random.nextInt(300));
      case 14 -> random.nextInt(1000) / Math.pow(10, random.nextInt(12));
      default -> random.nextBoolean() ? 0.0 : -0.0;
    };
  }

  private NativeHistogram histogram() {
    int n = random.nextInt(5);
    double[] buckets = random.doubles(n).toArray();
    return NativeHistogram.builder()
        .schema(random.nextInt(4))
        .count(random.nextInt(100))
        .sum(random.nextGaussian())
        .positive(n == 0 ? new int[0] : new int[] {random.nextInt(9) - 4, n}, buckets)
        .build();
  }

  private List<Row> batch(Map<Integer, Double> state, long step) {
    List<Row> rows = new ArrayList<>();
    int id = random.nextInt(2000);
    int n = 1 + random.nextInt(100);
    long time = T0 + step * 15_000;
    for (int i = 0; i < n; i++) {
      int jump = random.nextInt(50);
      id = jump == 0 ? random.nextInt(1 << 20) : jump == 1 ? id : id + 1 + random.nextInt(2);
      if (random.nextInt(40) == 0) {
        time = random.nextInt(20) == 0 ? random.nextLong() : time + random.nextInt(100);
      }
      int kind = random.nextInt(60) == 0 ? random.nextInt(16) : id % 16;
      double value = value(kind, state.getOrDefault(id, (double) id));
      state.put(id, Double.isFinite(value) ? value : 1.0);
      long start = id % 7 > 1 ? 0 : random.nextInt(30) == 0 ? time - random.nextInt(9999) : T0 - id;
      NativeHistogram h = random.nextInt(80) == 0 ? histogram() : null;
      rows.add(new Row(id, time, h == null ? Double.doubleToRawLongBits(value) : 0, h, start));
    }
    return rows;
  }

  @Test
  void givesEveryBitOfEveryRowBack() {
    for (int round = 0; round < 30; round++) {
      RowsWriter writer = new RowsWriter();
      List<Row> found = new ArrayList<>();
      RowsReader reader = reader(found);
      reader.beginSegment(1);
      Map<Integer, Double> state = new HashMap<>();
      for (int step = 0; step < 100; step++) {
        List<Row> rows = batch(state, step);
        ByteSink out = new ByteSink(64);
        write(writer, step + 1, rows, out);
        found.clear();
        reader.read(source(out));
        assertThat(found).as("seed %s round %s step %s", SEED, round, step).isEqualTo(rows);
        ByteSink late = new ByteSink(64);
        writer.beginOutOfOrder(rows.getFirst().timeMs(), late);
        writeRows(writer, rows);
        found.clear();
        reader.readOutOfOrder(source(late));
        assertThat(found).as("seed %s round %s step %s", SEED, round, step).isEqualTo(rows);
      }
      assertThat(reader.dropped()).isZero();
    }
  }

  /** What is missing is dropped up to the next absolute row of each series, and nothing else. */
  @Test
  void neverComputesAValueFromAWrongBase() {
    for (int round = 0; round < 30; round++) {
      RowsWriter writer = new RowsWriter();
      List<Row> found = new ArrayList<>();
      RowsReader reader = reader(found);
      reader.beginSegment(1);
      long dropped = 0;
      Map<Integer, Integer> waiting = new HashMap<>(); // rows of a series since the gap
      List<List<Row>> all = new ArrayList<>();
      for (int step = 0; step < 300; step++) {
        List<Row> rows = new ArrayList<>();
        for (int id = 0; id < 40; id++) {
          double v =
              id % 4 == 0 ? id : id % 4 == 1 ? step * id : id % 4 == 2 ? step / 7.0 : 0.01 * step;
          rows.add(new Row(id, T0 + step, Double.doubleToRawLongBits(v), null, id % 3));
        }
        all.add(rows);
        ByteSink out = new ByteSink(64);
        write(writer, step + 1, rows, out);
        found.clear();
        if (random.nextInt(100) == 0) {
          for (int id = 0; id < 40; id++) {
            waiting.put(id, 0);
          }
          continue;
        }
        reader.read(source(out));
        int i = 0;
        for (Row row : rows) {
          if (i < found.size() && found.get(i).id() == row.id()) {
            assertThat(found.get(i)).as("seed %s", SEED).isEqualTo(row);
            waiting.remove(row.id());
            i++;
          } else {
            dropped++;
            assertThat(waiting.merge(row.id(), 1, Integer::sum))
                .as("seed %s: rows of series %s dropped", SEED, row.id())
                .isLessThan(RowBases.ROWS);
          }
        }
        assertThat(i).isEqualTo(found.size());
      }
      assertThat(reader.dropped()).isEqualTo(dropped);
    }
  }

  @Test
  void anUnfinishedRecordMakesTheNextRowsAbsoluteForTheReader() {
    RowsWriter writer = new RowsWriter();
    List<Row> found = new ArrayList<>();
    RowsReader reader = reader(found);
    reader.beginSegment(1);
    for (int step = 1; step <= 3; step++) {
      ByteSink out = new ByteSink(64);
      List<Row> rows =
          List.of(
              new Row(1, T0 + step, Double.doubleToRawLongBits(step * 1000), null, 0),
              new Row(2, T0 + step, Double.doubleToRawLongBits(step * 1000), null, 0));
      write(writer, step, rows, out);
      if (step == 2) {
        out.u8(0x5f); // no token
        assertThatThrownBy(() -> reader.read(source(out))).isInstanceOf(ByteSource.Malformed.class);
      } else {
        reader.read(source(out));
      }
    }
    assertThat(found).hasSize(4);
    assertThat(reader.dropped()).isEqualTo(2);
  }

  @Test
  void reportsBytesThatAreNoRowsAndNeverLoops() {
    RowsWriter writer = new RowsWriter();
    ByteSink out = new ByteSink(64);
    write(writer, 1, batch(new HashMap<>(), 1), out);
    for (int round = 0; round < 5000; round++) {
      byte[] broken = Arrays.copyOf(out.data, out.size + ChunkCodec.SLACK);
      for (int k = 0; k < 3; k++) {
        broken[random.nextInt(out.size)] = (byte) random.nextInt();
      }
      try {
        reader(new ArrayList<>()).read(new ByteSource(broken, 0, 1 + random.nextInt(out.size)));
      } catch (ByteSource.Malformed e) {
        assertThat(e.getMessage()).isNotEmpty();
      }
    }
  }

  @Test
  void allocatesNothingPerRow() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int series = 1000;
    int steps = 200;
    NodeLikeData data = new NodeLikeData(1, series);
    RowsWriter writer = new RowsWriter();
    double[] sum = new double[1];
    RowsReader reader = new RowsReader((id, t, value, h, start) -> sum[0] += value);
    reader.beginSegment(0);
    ByteSink out = new ByteSink(1 << 16);
    ByteSource in = new ByteSource();
    long before = 0;
    for (int step = 0; step < steps; step++) {
      if (step == steps / 2) {
        before = threads.getCurrentThreadAllocatedBytes();
      }
      out.clear();
      writer.begin(step, T0 + step * 15_000L, out);
      for (int i = 0; i < series; i++) {
        writer.row(i, T0 + step * 15_000L, data.next(0, i, step), null, 0);
      }
      writer.end();
      in.reset(out.data, 0, out.size);
      reader.read(in);
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertThat(sum[0]).isNotZero();
    assertThat(allocated).isLessThan(series * (steps / 2) / 10);
  }

  @Test
  void givesLabelsBackAndSharesWhatIsTheSame() {
    SharedLabels writer = new SharedLabels();
    ByteSink out = new ByteSink(64);
    Map<Integer, Labels> written = new HashMap<>();
    for (int i = 0; i < 1000; i++) {
      int id = i * 2 + 5;
      Labels labels = NodeLikeData.labels(3, i);
      written.put(id, labels);
      writer.write(id, labels, out);
    }
    assertThat(out.size / 1000).as("bytes a series").isLessThan(16);
    for (int i = 0; i < 1000; i++) {
      String[] pairs = new String[2 * (1 + random.nextInt(80))];
      for (int k = 0; k < pairs.length; k += 2) {
        pairs[k] = (random.nextBoolean() ? "n" : "\ud83d\ude00") + (k + random.nextInt(2));
        pairs[k + 1] = "v" + random.nextInt(3);
      }
      int id = random.nextInt(1 << 30);
      written.put(id, Labels.of(pairs));
      writer.write(id, Labels.of(pairs), out);
    }
    Map<Integer, Labels> found = new HashMap<>();
    new SharedLabels().read(source(out), found::put);
    assertThat(found).as("seed %s", SEED).isEqualTo(written);
  }
}
