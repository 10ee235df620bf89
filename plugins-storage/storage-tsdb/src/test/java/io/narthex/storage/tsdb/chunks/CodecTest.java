package io.narthex.storage.tsdb.chunks;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.NativeHistogram;
import io.narthex.model.StaleMarker;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.util.Arrays;
import java.util.Random;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

class CodecTest {
  private static final long SEED =
      Long.getLong("tests.seed", new Random().nextLong() & 0xffffffffL);
  private final Random random = new Random(SEED);

  @Test
  void packsAnyNumbers() {
    System.out.println("CodecTest tests.seed=" + SEED);
    LongUnaryOperator[] shapes = {
      i -> 7,
      i -> i * 15000,
      i -> random.nextInt(100),
      i -> random.nextLong(),
      i -> random.nextInt(50) == 0 ? random.nextLong() : 15000 + random.nextInt(3),
      i -> random.nextLong() >> random.nextInt(64),
      i -> (long) random.nextInt(1000) << 12,
      i -> i % 2 == 0 ? Long.MIN_VALUE : Long.MAX_VALUE,
      i -> 1L << random.nextInt(64)
    };
    PackedColumn packed = new PackedColumn();
    for (LongUnaryOperator shape : shapes) {
      for (int n : new int[] {0, 1, 2, 3, 15, 16, 63, 64, 65, 500, 1024}) {
        long[] numbers = new long[n + 3];
        for (int i = 0; i < n; i++) {
          numbers[i + 3] = shape.applyAsLong(i);
        }
        ByteSink out = new ByteSink(16);
        packed.write(numbers, 3, n, out);
        ByteSource in = source(out);
        long[] back = new long[n + 3];
        PackedColumn.read(in, back, 3, n);
        assertThat(back).isEqualTo(numbers);
        assertThat(in.remaining()).isZero();
      }
    }
  }

  @Test
  void packsEveryWidth() {
    PackedColumn packed = new PackedColumn();
    for (int width = 0; width <= 64; width++) {
      long[] numbers = new long[200];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = width == 0 ? 0 : random.nextLong() >> (64 - width);
      }
      ByteSink out = new ByteSink(16);
      packed.write(numbers, 0, numbers.length, out);
      long[] back = new long[numbers.length];
      PackedColumn.read(source(out), back, 0, back.length);
      assertThat(back).isEqualTo(numbers);
    }
  }

  @Test
  void givesEveryBitOfAValueBack() {
    ValueColumn column = new ValueColumn();
    for (int round = 0; round < 3000; round++) {
      int n = 1 + random.nextInt(round % 10 == 0 ? 1024 : 40);
      double[] values = values(n, random.nextInt(14));
      ByteSink out = new ByteSink(16);
      column.write(values, 0, n, out);
      double[] back = new double[n];
      ByteSource in = source(out);
      column.read(in, back, 0, n);
      assertThat(bits(back)).as("seed %s round %s", SEED, round).isEqualTo(bits(values));
      assertThat(in.remaining()).isZero();
    }
  }

  private static long[] bits(double[] values) {
    return Arrays.stream(values).mapToLong(Double::doubleToRawLongBits).toArray();
  }

  private double[] values(int n, int shape) {
    double[] v = new double[n];
    double walk = random.nextInt(1000);
    for (int i = 0; i < n; i++) {
      v[i] =
          switch (shape) {
            case 0 -> 42;
            case 1 -> walk += random.nextInt(20);
            case 2 -> random.nextDouble();
            case 3 -> Math.round(random.nextDouble() * 1e4) / 100.0;
            case 4 -> Double.longBitsToDouble(random.nextLong());
            case 5 -> random.nextInt(6) == 0 ? StaleMarker.VALUE : walk++;
            case 6 -> (random.nextBoolean() ? 1 : -1) * Math.pow(10, random.nextInt(300));
            case 7 -> random.nextInt(3) == 0 ? -0.0 : 0.0;
            case 8 -> (random.nextLong() >> 10) * 1.0;
            case 9 -> random.nextInt(5) == 0 ? Double.NaN : 0.1 * i;
            case 10 -> Double.parseDouble(random.nextInt(1 << 20) + "." + random.nextInt(1 << 30));
            case 11 -> i % 5 == 0 ? Double.POSITIVE_INFINITY : 4096.0 * random.nextInt(1 << 20);
            case 12 -> 9007199254740993.0 + 2 * i;
            default -> (float) random.nextGaussian();
          };
    }
    return v;
  }

  @Test
  void givesChunksBack() {
    ChunkCodec codec = new ChunkCodec();
    for (int round = 0; round < 1000; round++) {
      ChunkRows rows = new ChunkRows();
      boolean histogram = round % 3 == 0;
      boolean starts = round % 4 == 0;
      rows.clear(histogram);
      int n = 1 + random.nextInt(200);
      long t = random.nextLong() >> 20;
      double[] values = values(n, random.nextInt(14));
      for (int i = 0; i < n; i++) {
        t += 1 + (random.nextInt(10) == 0 ? random.nextInt(1 << 30) : 14_999);
        rows.add(
            t,
            histogram ? 0 : values[i],
            histogram ? histogram(i, values[i]) : null,
            starts && random.nextBoolean() ? t - 100 * i : 0);
      }
      ByteSink out = new ByteSink(16);
      codec.write(rows, 0, n, t - 12345, out);
      ChunkRows back = new ChunkRows();
      ByteSource in = source(out);
      codec.read(in, t - 12345, back);
      assertThat(in.remaining()).isZero();
      assertThat(back.size).isEqualTo(n);
      assertThat(back.isHistogram).isEqualTo(histogram);
      for (int i = 0; i < n; i++) {
        assertThat(back.timesMs[i]).isEqualTo(rows.timesMs[i]);
        assertThat(back.startTimeMs(i)).isEqualTo(rows.startTimeMs(i));
        if (histogram) {
          assertThat(back.histograms()[i]).isEqualTo(rows.histograms()[i]);
        } else {
          assertThat(Double.doubleToRawLongBits(back.values[i]))
              .isEqualTo(Double.doubleToRawLongBits(rows.values[i]));
        }
      }
    }
  }

  @Test
  void bytesThatAreNoChunkAreMalformedWhicheverByteChanged() {
    for (boolean histogram : new boolean[] {false, true}) {
      ChunkRows rows = new ChunkRows();
      rows.clear(histogram);
      for (int i = 0; i < 5; i++) {
        rows.add(1000L * i, i * 0.5, histogram ? histogram(3, i) : null, 500);
      }
      ByteSink out = new ByteSink(64);
      ChunkCodec codec = new ChunkCodec();
      codec.write(rows, 0, rows.size, 0, out);
      byte[] bytes = Arrays.copyOf(out.data, out.size + ChunkCodec.SLACK);
      int malformed = 0;
      for (int at = 0; at < out.size; at++) {
        byte original = bytes[at];
        for (int value = 0; value < 256; value++) {
          bytes[at] = (byte) value;
          try {
            codec.read(new ByteSource(bytes, 0, out.size), 0, rows);
          } catch (ByteSource.Malformed e) {
            malformed++; // anything else ends the test
          }
        }
        bytes[at] = original;
      }
      assertThat(malformed).isPositive();
    }
  }

  private NativeHistogram histogram(int i, double sum) {
    return NativeHistogram.builder()
        .schema(2)
        .zeroBucket(0.001, i)
        .count(i * 7)
        .sum(sum)
        .positive(new int[] {-3, 1, 2, 2}, new double[] {i, i * 2, i % 7 + 0.5})
        .negative(new int[] {4, 1}, new double[] {random.nextInt(5)})
        .resetHint(NativeHistogram.ResetHint.values()[i % 4])
        .build();
  }

  @Test
  void reportsBytesThatAreNoChunkAndNeverLoops() {
    ChunkCodec codec = new ChunkCodec();
    ChunkRows rows = new ChunkRows();
    rows.clear(false);
    for (int i = 0; i < 100; i++) {
      rows.add(i * 1000L, values(1, i % 14)[0], null, 0);
    }
    ByteSink out = new ByteSink(16);
    codec.write(rows, 0, 100, 0, out);
    for (int round = 0; round < 5000; round++) {
      byte[] broken = Arrays.copyOf(out.data, out.size + 16);
      for (int k = 0; k < 3; k++) {
        broken[random.nextInt(out.size)] = (byte) random.nextInt();
      }
      try {
        codec.read(new ByteSource(broken, 0, random.nextInt(out.size + 1)), 0, new ChunkRows());
      } catch (ByteSource.Malformed e) {
        assertThat(e.getMessage()).isNotEmpty();
      }
    }
  }

  @Test
  void writesRegularNumbersInFewBytes() {
    ChunkRows rows = new ChunkRows();
    rows.clear(false);
    for (int i = 0; i < 480; i++) {
      rows.add(1_700_000_000_000L + i * 15_000L, 1000 + 3 * i, null, 0);
    }
    ByteSink out = new ByteSink(16);
    new ChunkCodec().write(rows, 0, 480, 0, out);
    assertThat(out.size).isLessThan(32);
  }

  private static ByteSource source(ByteSink out) {
    return new ByteSource(Arrays.copyOf(out.data, out.size + ChunkCodec.SLACK), 0, out.size);
  }
}
