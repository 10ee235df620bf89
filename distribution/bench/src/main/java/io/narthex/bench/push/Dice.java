package io.narthex.bench.push;

import java.util.List;
import java.util.Random;

/** The random choices of a run, all from one seed. Not thread-safe. */
final class Dice {
  private final Random random;

  Dice(long seed) {
    random = new Random(seed);
  }

  /** Returns true that many times of a hundred. */
  boolean percent(int chance) {
    return random.nextInt(100) < chance;
  }

  /** Returns a number of at least 0 and less than {@code bound}. */
  int below(int bound) {
    return random.nextInt(bound);
  }

  /** Returns one of the choices. */
  <T> T pick(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  /** Returns one of the choices. */
  String pick(String... choices) {
    return choices[random.nextInt(choices.length)];
  }
}
