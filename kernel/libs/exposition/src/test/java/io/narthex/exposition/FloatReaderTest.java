package io.narthex.exposition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FloatReaderTest {
  private static double read(String text) {
    byte[] bytes = ("<" + text + ">").getBytes(StandardCharsets.UTF_8);
    return FloatReader.read(bytes, 1, bytes.length - 1);
  }

  @Test
  void readsNumbersOfAnyLengthToTheBit() {
    long seed = Long.getLong("tests.seed", System.nanoTime());
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 100_000; i++) {
      double value = Double.longBitsToDouble(random.nextLong());
      if (!Double.isFinite(value)) {
        continue;
      }
      String shortest = Double.toString(value);
      assertThat(read(shortest)).as("%s, seed %d", shortest, seed).isEqualTo(value);
      if (i % 100 == 0) { // the middle between two doubles, and on both sides of it
        BigDecimal middle =
            new BigDecimal(value).add(new BigDecimal(Math.nextUp(value))).divide(new BigDecimal(2));
        for (String text :
            new String[] {
              middle.toString(),
              middle + (middle.toString().matches("[^E]*\\.[^E]*") ? "1" : ""),
              "-" + middle.abs()
            }) {
          assertThat(read(text)).as("%s, seed %d", text, seed).isEqualTo(Double.parseDouble(text));
        }
      }
    }
    String zeros = "0".repeat(400);
    assertThat(read("1" + zeros + "e-400")).isEqualTo(1);
    assertThat(read("0." + zeros + "1e401")).isEqualTo(1);
    assertThat(read("0." + zeros)).isZero();
    assertThat(read("1e-400")).isZero();
    assertThat(read("-0.00000000000000000000e5")).isEqualTo(-0.0);
  }

  @Test
  void longNumbersAreNoMoreThanNumbers() {
    String long18 = "123456789012345678901234567890";
    for (String bad :
        new String[] {
          long18 + "d",
          long18 + "f",
          long18 + "e",
          long18 + "e+",
          long18 + ".1.",
          long18 + " ",
          " " + long18,
          long18 + "_0",
          "0x" + long18 + "p0",
          long18 + "e1x"
        }) {
      assertThatThrownBy(() -> read(bad)).as(bad).isInstanceOf(NumberFormatException.class);
    }
  }

  @Test
  void longNumbersMakeNoGarbage() {
    List<byte[]> texts = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 1000; i++) {
      texts.add(Double.toString(random.nextDouble() * 1000).getBytes(StandardCharsets.US_ASCII));
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    double sum = 0;
    long allocated = 0;
    for (int round = 0; round < 20; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < texts.size(); i++) {
        byte[] text = texts.get(i);
        sum += FloatReader.read(text, 0, text.length);
      }
      allocated = threads.getCurrentThreadAllocatedBytes() - before;
    }
    assertThat(sum).isPositive();
    assertThat(allocated).as("bytes of 1,000 numbers").isLessThan(4_000);
  }
}
