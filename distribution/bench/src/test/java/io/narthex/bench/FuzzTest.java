package io.narthex.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class FuzzTest {
  @Test
  void nothingUncaughtAndNothingSlowInTenSeconds() {
    long seed = System.nanoTime() & 0xffff_ffffL;
    Fuzz fuzz = new Fuzz(seed);
    assertThat(fuzz.run(Duration.ofSeconds(10))).as("seed %d", seed).isEmpty();
    System.out.println(fuzz.summary());
  }
}
