package io.narthex.bench.push;

import java.util.List;
import java.util.Random;

/** The random choices of a run, all from one seed. Not thread-safe. */
public final class Dice {
  private final Random random;

  public Dice(long seed) {
    random = new Random(seed);
  }

  /** Returns true that many times of a hundred. */
  public boolean percent(int chance) {
    return random.nextInt(100) < chance;
  }

  /** Returns a number of at least 0 and less than {@code bound}. */
  public int below(int bound) {
    return random.nextInt(bound);
  }

  /** Returns one of the choices. */
  public <T> T pick(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  /** Returns one of the choices. */
  public String pick(String... choices) {
    return choices[random.nextInt(choices.length)];
  }
}
