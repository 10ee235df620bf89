package io.narthex.storage.tsdb.head;

import java.security.SecureRandom;
import java.util.Arrays;

/**
 * Pairs of series and time of one batch, without an object for each. They come from outside, so
 * where they are put depends on a number that nobody knows: otherwise a sender could put all into
 * one place, and each look would cost as much as there are pairs. Not thread-safe.
 */
final class BatchTimes {
  private static final int FIRST = 64;

  private final long seed = new SecureRandom().nextLong();
  private long[] references = new long[FIRST];
  private long[] timesMs = new long[FIRST];
  private int[] rounds = new int[FIRST];
  private int round;
  private int size;

  /** Forgets all. */
  void clear() {
    size = 0;
    if (++round == 0) { // after 2^32 batches: old marks would count again
      Arrays.fill(rounds, 0);
      round = 1;
    }
  }

  /** Adds a pair; returns false when it is there already. */
  boolean add(long reference, long timeMs) {
    if ((size + 1) * 2 > rounds.length) {
      grow();
    }
    return put(reference, timeMs);
  }

  private boolean put(long reference, long timeMs) {
    int mask = rounds.length - 1;
    int i = (int) mix(reference, timeMs) & mask;
    while (rounds[i] == round) {
      if (references[i] == reference && timesMs[i] == timeMs) {
        return false;
      }
      i = (i + 1) & mask;
    }
    references[i] = reference;
    timesMs[i] = timeMs;
    rounds[i] = round;
    size++;
    return true;
  }

  private long mix(long reference, long timeMs) {
    return finish(finish(reference ^ seed) + timeMs);
  }

  /** The last step of MurmurHash3: each bit of the input changes half of the result. */
  private static long finish(long x) {
    long h = x;
    h = (h ^ (h >>> 33)) * 0xff51afd7ed558ccdL;
    h = (h ^ (h >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return h ^ (h >>> 33);
  }

  private void grow() {
    long[] oldReferences = references;
    long[] oldTimes = timesMs;
    int[] oldRounds = rounds;
    references = new long[oldRounds.length * 2];
    timesMs = new long[oldRounds.length * 2];
    rounds = new int[oldRounds.length * 2];
    size = 0;
    for (int i = 0; i < oldRounds.length; i++) {
      if (oldRounds[i] == round) {
        put(oldReferences[i], oldTimes[i]);
      }
    }
  }
}
