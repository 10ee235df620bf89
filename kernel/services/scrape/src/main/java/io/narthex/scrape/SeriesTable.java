package io.narthex.scrape;

import java.util.Arrays;

/**
 * The series texts a target has exposed, each with its reference and state. Texts share one array,
 * the other fields are columns; nothing is allocated for a known text.
 *
 * <p><b>Lookup.</b> Targets expose their series in the same order from scrape to scrape, so the
 * text that followed last time is compared first; only when that fails is the text hashed.
 * <b>Eviction.</b> When texts not seen in the newest scrape outnumber those seen, the table is
 * rebuilt.
 *
 * <p>Not thread-safe.
 */
final class SeriesTable {
  /** The reference of an entry that has none. */
  static final long NO_REF = -1;

  private static final int MIN_SLOTS = 64;

  private byte[] texts = new byte[1024];
  private int textLength;

  private int count;
  private int[] textStart = new int[16];
  private int[] textEnd = new int[16];
  private int[] hashes = new int[16];
  private long[] refs = new long[16];
  private boolean[] dropped = new boolean[16];

  /** Whether the entry's newest sample was a native histogram. */
  private boolean[] histogram = new boolean[16];

  /** Scrape in which the entry was seen last, with or without its own timestamp. */
  private long[] seen = new long[16];

  /** Scrape in which the entry was met last, also when that scrape failed. */
  private long[] met = new long[16];

  /** The newest scrape whose page was not empty. */
  private long filled;

  /** Scrape in which the entry was last seen as a series that can go stale. */
  private long[] tracked = new long[16];

  /** Entry number + 1 by hash; 0 = free. Linear probing. */
  private int[] slots = new int[MIN_SLOTS];

  /** Entries in the order of the previous scrape and of this one. */
  private int[] lastOrder = new int[16];

  private int lastOrderCount;
  private int[] order = new int[16];
  private int orderCount;

  private long scrape;

  /** Begins a scrape. */
  void begin() {
    scrape++;
    int[] swap = lastOrder;
    lastOrder = order;
    lastOrderCount = orderCount;
    order = swap;
    orderCount = 0;
  }

  /** Returns how many entries there are. */
  int size() {
    return count;
  }

  /** Returns the entry of a text, or -1 when it is new; call {@link #add} then. */
  int find(byte[] b, int from, int to) {
    int found = -1;
    if (orderCount < lastOrderCount) {
      int guess = lastOrder[orderCount];
      if (Arrays.equals(texts, textStart[guess], textEnd[guess], b, from, to)) {
        found = guess;
      }
    }
    if (found < 0) {
      found = lookup(b, from, to, hash(b, from, to));
    }
    if (found >= 0) {
      remember(found);
    }
    return found;
  }

  /** Returns the entry of a text, or -1, without changing the order. */
  int peek(byte[] b, int from, int to) {
    return lookup(b, from, to, hash(b, from, to));
  }

  /** Adds a text that {@link #find} has not found. */
  int add(byte[] b, int from, int to) {
    if (count == refs.length) {
      grow();
    }
    int n = to - from;
    if (textLength + n > texts.length) {
      texts = Arrays.copyOf(texts, Math.max(texts.length * 2, textLength + n));
    }
    System.arraycopy(b, from, texts, textLength, n);
    int e = count++;
    textStart[e] = textLength;
    textLength += n;
    textEnd[e] = textLength;
    hashes[e] = hash(b, from, to);
    refs[e] = NO_REF;
    dropped[e] = false;
    histogram[e] = false;
    seen[e] = 0;
    met[e] = scrape;
    tracked[e] = 0;
    if (count * 2 > slots.length) {
      rehash(slots.length * 2);
    } else {
      insert(e);
    }
    remember(e);
    return e;
  }

  private void remember(int entry) {
    if (orderCount == order.length) {
      order = Arrays.copyOf(order, orderCount * 2);
    }
    order[orderCount++] = entry;
  }

  private int lookup(byte[] b, int from, int to, int hash) {
    int mask = slots.length - 1;
    for (int s = hash & mask; slots[s] != 0; s = s + 1 & mask) {
      int e = slots[s] - 1;
      if (hashes[e] == hash && Arrays.equals(texts, textStart[e], textEnd[e], b, from, to)) {
        return e;
      }
    }
    return -1;
  }

  private void insert(int entry) {
    int mask = slots.length - 1;
    int s = hashes[entry] & mask;
    while (slots[s] != 0) {
      s = s + 1 & mask;
    }
    slots[s] = entry + 1;
  }

  private void rehash(int size) {
    slots = new int[size];
    for (int e = 0; e < count; e++) {
      insert(e);
    }
  }

  private void grow() {
    int n = count * 2;
    textStart = Arrays.copyOf(textStart, n);
    textEnd = Arrays.copyOf(textEnd, n);
    hashes = Arrays.copyOf(hashes, n);
    refs = Arrays.copyOf(refs, n);
    dropped = Arrays.copyOf(dropped, n);
    histogram = Arrays.copyOf(histogram, n);
    seen = Arrays.copyOf(seen, n);
    met = Arrays.copyOf(met, n);
    tracked = Arrays.copyOf(tracked, n);
  }

  private static int hash(byte[] b, int from, int to) {
    int h = 0x811c9dc5;
    for (int i = from; i < to; i++) {
      h = (h ^ b[i]) * 0x01000193;
    }
    return h ^ h >>> 15;
  }

  long ref(int entry) {
    return refs[entry];
  }

  void ref(int entry, long ref) {
    refs[entry] = ref;
  }

  boolean isDropped(int entry) {
    return dropped[entry];
  }

  void drop(int entry) {
    dropped[entry] = true;
  }

  boolean isHistogram(int entry) {
    return histogram[entry];
  }

  void histogram(int entry, boolean is) {
    histogram[entry] = is;
  }

  /** Marks an entry as seen; returns false when this scrape has seen it already. */
  boolean see(int entry) {
    if (seen[entry] == scrape) {
      return false;
    }
    seen[entry] = scrape;
    met[entry] = scrape;
    return true;
  }

  /** Returns whether the newest page before this one did not have the entry. */
  boolean wasAway(int entry) {
    return met[entry] < filled;
  }

  /** Returns whether this scrape has seen an entry. */
  boolean isSeen(int entry) {
    return seen[entry] == scrape;
  }

  /** Marks an entry as one that goes stale when the next scrape does not see it. */
  void track(int entry) {
    tracked[entry] = scrape;
  }

  /** Returns whether an entry was tracked in the previous scrape, before this one tracks it. */
  boolean wasTracked(int entry) {
    return tracked[entry] == scrape - 1 && refs[entry] != NO_REF && scrape > 1;
  }

  /** Ends an entry, which has got its stale marker. */
  void untrack(int entry) {
    tracked[entry] = 0;
  }

  /** Returns whether an entry was tracked in the previous scrape and is not in this one. */
  boolean isStale(int entry) {
    return wasTracked(entry);
  }

  /** Returns whether this scrape has seen an entry as a series that can go stale. */
  boolean isTracked(int entry) {
    return tracked[entry] == scrape && refs[entry] != NO_REF;
  }

  /** Returns the references of all tracked entries in ascending order. */
  long[] trackedRefs() {
    long[] all = new long[count];
    int n = 0;
    for (int e = 0; e < count; e++) {
      if (isTracked(e)) {
        all[n++] = refs[e];
      }
    }
    long[] sorted = Arrays.copyOf(all, n);
    Arrays.sort(sorted);
    return sorted;
  }

  /** Forgets what this scrape has seen; used before the scrape is counted as empty. */
  void unsee() {
    for (int e = 0; e < count; e++) {
      if (seen[e] == scrape) {
        seen[e] = 0;
      }
      if (tracked[e] == scrape) {
        tracked[e] = scrape - 1;
      }
    }
  }

  /**
   * Ends a scrape; drops unused entries when there are too many.
   *
   * @param hasPage whether there was anything to read
   */
  void end(boolean hasPage) {
    if (hasPage) {
      filled = scrape;
    }
    int live = 0;
    for (int e = 0; e < count; e++) {
      if (seen[e] == scrape) {
        live++;
      }
    }
    if (count - live > 100 + live / 4 && live > 0) {
      compact();
    }
  }

  private void compact() {
    byte[] oldTexts = texts;
    int[] moved = new int[count];
    texts = new byte[Math.max(1024, textLength / 2)];
    textLength = 0;
    int n = 0;
    for (int e = 0; e < count; e++) {
      if (seen[e] != scrape) {
        moved[e] = -1;
        continue;
      }
      int length = textEnd[e] - textStart[e];
      if (textLength + length > texts.length) {
        texts = Arrays.copyOf(texts, Math.max(texts.length * 2, textLength + length));
      }
      System.arraycopy(oldTexts, textStart[e], texts, textLength, length);
      textStart[n] = textLength;
      textLength += length;
      textEnd[n] = textLength;
      hashes[n] = hashes[e];
      refs[n] = refs[e];
      dropped[n] = dropped[e];
      histogram[n] = histogram[e];
      seen[n] = seen[e];
      met[n] = met[e];
      tracked[n] = tracked[e];
      moved[e] = n++;
    }
    count = n;
    int size = MIN_SLOTS;
    while (size < count * 2) {
      size *= 2;
    }
    rehash(size);
    int k = 0;
    for (int i = 0; i < orderCount; i++) {
      int e = moved[order[i]];
      if (e >= 0) {
        order[k++] = e;
      }
    }
    orderCount = k;
  }
}
