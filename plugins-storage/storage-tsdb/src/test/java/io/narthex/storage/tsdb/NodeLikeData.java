package io.narthex.storage.tsdb;

import io.narthex.model.Labels;
import java.util.Random;

/**
 * Series like those of node exporters: half of them hardly ever change, the others are counters and
 * gauges of several kinds, one in twenty with true random doubles.
 */
public final class NodeLikeData {
  private final int perTarget;
  private final double[] state;
  private final Random random = new Random(42);

  public NodeLikeData(int targets, int perTarget) {
    this.perTarget = perTarget;
    state = new double[targets * perTarget];
  }

  public static Labels labels(int target, int i) {
    return Labels.of(
        "__name__",
        "node_metric_" + i / 10,
        "instance",
        "host-" + target + ":9100",
        "job",
        "node",
        "device",
        "d" + i % 10,
        "mode",
        i % 3 == 0 ? "idle" : "user");
  }

  /** Returns the next value of a series of a target. */
  public double next(int target, int i, int step) {
    int at = target * perTarget + i;
    double v = state[at];
    v =
        switch (i % 20) {
          case 0, 1, 2, 3, 4, 5, 6, 7 -> step == 0 ? i * 10 : v;
          case 8, 9 -> random.nextInt(100) == 0 ? v + 1 : v;
          case 10, 11 -> v + random.nextInt(30);
          case 12 -> v + random.nextInt(100_000);
          case 13, 14 -> Math.round((v + random.nextDouble() * 15) * 100) / 100.0;
          case 15 -> (1 << 30) + 4096.0 * random.nextInt(10_000);
          case 16 -> random.nextInt(50);
          case 17 -> v + 1.5e-3 * random.nextInt(1000) / 1000;
          case 18 -> random.nextGaussian();
          default -> step == 0 ? 1.7e9 + random.nextInt(1000) : v + 15;
        };
    state[at] = v;
    return v;
  }
}
