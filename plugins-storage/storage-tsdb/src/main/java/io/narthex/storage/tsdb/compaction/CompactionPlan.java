package io.narthex.storage.tsdb.compaction;

import io.narthex.storage.tsdb.block.Block;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/**
 * Chooses blocks to merge: first those that overlap; then groups that fill a range three times as
 * long as the one below, never with the newest block; then a block of which much has been deleted.
 */
final class CompactionPlan {
  private static final int FACTOR = 3;
  private static final double MAX_DELETED_SHARE = 0.05;

  private CompactionPlan() {}

  /**
   * Returns the next group to merge, or an empty list.
   *
   * @param blockMs length of a block made from the head
   * @param maxBlockMs longest block that compaction makes
   */
  static List<Block> next(List<Block> blocks, long blockMs, long maxBlockMs) {
    List<Block> sorted = new ArrayList<>(blocks);
    sorted.sort(Comparator.comparingLong(b -> b.meta.minTimeMs()));
    List<Block> overlapping = overlapping(sorted);
    if (!overlapping.isEmpty() || sorted.isEmpty()) {
      return overlapping;
    }
    List<Block> settled = sorted.subList(0, sorted.size() - 1);
    if (settled.isEmpty()) {
      return List.of();
    }
    // a range that the newest of them may still belong to is left to fill up
    long newestStart = settled.get(settled.size() - 1).meta.minTimeMs();
    for (long range = blockMs * FACTOR; range <= maxBlockMs; range *= FACTOR) {
      List<Block> group = filling(settled, range, newestStart);
      if (!group.isEmpty()) {
        return group;
      }
    }
    for (Block b : settled) {
      if (b.tombstones().size() > b.meta.series() * MAX_DELETED_SHARE) {
        return List.of(b);
      }
    }
    return List.of();
  }

  private static List<Block> overlapping(List<Block> sorted) {
    List<Block> group = new ArrayList<>();
    long end = Long.MIN_VALUE;
    for (Block b : sorted) {
      if (!group.isEmpty() && b.meta.minTimeMs() >= end) {
        if (group.size() > 1) {
          return group;
        }
        group.clear();
      }
      group.add(b);
      end = Math.max(end, b.meta.maxTimeMs());
    }
    return group.size() > 1 ? group : List.of();
  }

  private static List<Block> filling(List<Block> sorted, long range, long newestStart) {
    TreeMap<Long, List<Block>> groups = new TreeMap<>();
    for (Block b : sorted) {
      long start = Math.floorDiv(b.meta.minTimeMs(), range) * range;
      if (b.meta.maxTimeMs() <= start + range) {
        groups.computeIfAbsent(start, _ -> new ArrayList<>()).add(b);
      }
    }
    for (List<Block> group : groups.values()) {
      long from = group.get(0).meta.minTimeMs();
      long to = group.get(group.size() - 1).meta.maxTimeMs();
      if (group.size() > 1 && (to - from == range || to <= newestStart)) {
        return group;
      }
    }
    return List.of();
  }
}
