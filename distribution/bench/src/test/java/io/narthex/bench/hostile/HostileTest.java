package io.narthex.bench.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class HostileTest {
  private static final Path KNOWN = Path.of("testdata/hostile");

  private static final long SEED =
      Long.getLong("tests.seed", new SplittableRandom().nextLong() & 0xffff_ffffL);
  private static final long INPUTS = 4_000;

  /**
   * The short form of {@code ./narthex bench hostile}, with other inputs each time; {@code
   * -Dtests.seed=N} repeats those of a run, and so does the command that a failure prints.
   */
  @Test
  @Timeout(value = 170, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void noParserThrowsStallsOrSwells() {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    Hostile.Plan plan = new Hostile.Plan(INPUTS, Long.MAX_VALUE, SEED, List.of(), KNOWN, false);
    long failures = new Hostile(plan, new PrintStream(printed, true, StandardCharsets.UTF_8)).run();
    assertThat(failures).as(printed.toString(StandardCharsets.UTF_8)).isZero();
  }

  @Test
  void namesEveryFailureWithItsInput() {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    Hostile.Plan plan = new Hostile.Plan(400, Long.MAX_VALUE, 1, List.of(), null, false);
    Hostile hostile = new Hostile(plan, new PrintStream(printed, true, StandardCharsets.UTF_8));
    Target fragile =
        new Target(
            "fragile",
            List.of("ab".getBytes(StandardCharsets.UTF_8)),
            List.of("{".getBytes(StandardCharsets.UTF_8), "[".getBytes(StandardCharsets.UTF_8)),
            List.of(new Target.Pair("{", "}")),
            List.of(n -> new byte[n]),
            input -> {
              if (input.length > 0 && input[0] == '{') {
                throw new IllegalStateException("a bug");
              }
              if (input.length > 0 && input[0] == '[') {
                reserved = new byte[80 << 20];
              }
            });
    assertThat(hostile.run(List.of(fragile))).isPositive();
    assertThat(printed.toString(StandardCharsets.UTF_8))
        .contains(
            "hostile fragile: FAIL ",
            "IllegalStateException",
            "bytes, hex 7b",
            "bound of memory",
            "./narthex bench hostile --seed=1 --parser=fragile --inputs=400")
        .containsPattern("hostile fragile: 400 inputs, [1-9]\\d* failures, slowest ");
  }

  private byte[] reserved = {};

  @Test
  void theSameSeedGivesTheSameInputs() {
    for (Target target : Targets.all()) {
      Mutator one = new Mutator(target, 7);
      Mutator other = new Mutator(target, 7);
      for (int i = 0; i < 300; i++) {
        byte[] input = one.next();
        assertThat(input).as(target.name()).isEqualTo(other.next());
        assertThat(input.length).isLessThanOrEqualTo(Mutator.LONGEST);
      }
    }
  }

  @Test
  void everySeedIsReadOrRefused() throws Exception {
    for (Target target : Targets.all()) {
      for (byte[] known : target.seeds()) {
        target.reader().read(known);
      }
    }
  }
}
