package io.narthex.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class FuzzTest {
  @Test
  @Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void nothingUncaughtAndNothingSlowInTenSeconds() {
    long seed = System.nanoTime() & 0xffff_ffffL;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    Fuzz fuzz = new Fuzz(seed, new PrintStream(printed, true, StandardCharsets.UTF_8));
    assertThat(fuzz.run(Duration.ofSeconds(10))).as("seed %d", seed).isEmpty();
    assertThat(printed.toString(StandardCharsets.UTF_8)).isEmpty();
    assertThat(fuzz.summary())
        .matches("fuzz: [1-9].* [1-9]\\d* evaluated .* 0 failures; seed \\d+");
  }
}
