package io.narthex.bench.push;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A group that only one client changes, with what it holds after the last acknowledged request and
 * after the one that is on its way. Used by one thread at a time.
 */
final class PushedGroup {
  private static final List<String> FAMILIES = List.of("kill_first", "kill_second", "kill_third");
  private static final byte[] NOTHING = {};

  private final int worker;
  private final int number;
  private TreeMap<String, Double> acknowledged = new TreeMap<>();
  private boolean present;
  private @Nullable Change onItsWay;

  /**
   * What a request makes of the group.
   *
   * @param present whether the group is there afterwards
   */
  private record Change(TreeMap<String, Double> values, boolean present) {}

  PushedGroup(int worker, int number) {
    this.worker = worker;
    this.number = number;
  }

  /** Returns a push that replaces all, one that replaces a part, or a deletion. */
  Request next(Dice dice, long value) {
    String path = "/metrics/job/kills/worker/" + worker + "/group/" + number;
    if (dice.percent(12)) {
      onItsWay = new Change(new TreeMap<>(), false);
      return new Request("delete", "DELETE", path, Map.of(), NOTHING);
    }
    boolean all = dice.percent(50);
    TreeMap<String, Double> values = all ? new TreeMap<>() : new TreeMap<>(acknowledged);
    StringBuilder body = new StringBuilder();
    for (String family : FAMILIES) {
      if (dice.percent(60)) {
        values.put(family, (double) value);
        body.append("# TYPE ").append(family).append(" counter\n");
        body.append(family).append(' ').append(value).append('\n');
      }
    }
    onItsWay = new Change(values, true);
    return new Request(
        "push",
        all ? "PUT" : "POST",
        path,
        Map.of(),
        body.toString().getBytes(StandardCharsets.US_ASCII));
  }

  /** Notes that the request on its way was acknowledged. */
  void acknowledge() {
    Change change = onItsWay;
    if (change != null) {
      accept(change);
    }
  }

  private void accept(Change change) {
    acknowledged = change.values;
    present = change.present;
    onItsWay = null;
  }

  /**
   * Compares with what is shown after a kill; a request that was on its way may have had its effect
   * or not. Takes what is shown as acknowledged.
   */
  List<String> check(Exposition shown) {
    TreeMap<String, Double> values = new TreeMap<>();
    for (String family : FAMILIES) {
      List<Double> found = shown.values(family + labels());
      if (!found.isEmpty()) {
        values.put(family, found.getFirst());
      }
    }
    List<Double> times = shown.values("push_time_seconds" + labels());
    boolean there = times.size() == 1 && times.getFirst() > 0;
    Change now = new Change(values, there);
    Change change = onItsWay;
    List<String> problems = new ArrayList<>();
    if (!now.equals(new Change(acknowledged, present)) && !now.equals(change)) {
      problems.add(
          labels()
              + ": acknowledged "
              + text(new Change(acknowledged, present))
              + (change == null ? "" : ", on its way " + text(change))
              + ", shown "
              + text(now));
    }
    accept(now);
    return problems;
  }

  private static String text(Change change) {
    return change.present ? change.values.toString() : "no group" + change.values;
  }

  private String labels() {
    return "{group=\"" + number + "\",instance=\"\",job=\"kills\",worker=\"" + worker + "\"}";
  }
}
