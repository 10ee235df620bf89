package io.narthex.storage.tsdb.head;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.roaringbitmap.RoaringBitmap;

class PostingListTest {
  private static RoaringBitmap bitmap(PostingList list) {
    RoaringBitmap out = new RoaringBitmap();
    list.addTo(out);
    return out;
  }

  @Test
  void holdsWhatASetHolds() {
    PostingList list = new PostingList();
    TreeSet<Integer> set = new TreeSet<>();
    for (int i = 0; i < 20_000; i++) {
      int id = i * 7919 % 1_000_003;
      list.add(id);
      set.add(id);
      if (i % 997 == 0 || i < 20) {
        RoaringBitmap gone = new RoaringBitmap();
        set.stream().filter(x -> x % 3 == 0).forEach(gone::add);
        list.removeAll(gone);
        set.removeIf(x -> x % 3 == 0);
        assertThat(bitmap(list)).containsExactlyElementsOf(set);
        assertThat(list.count()).isEqualTo(set.size());
      }
    }
    RoaringBitmap others = RoaringBitmap.bitmapOf(set.first() + 1_000_003);
    assertThat(list.intersects(others)).isFalse();
    others.add(set.last());
    assertThat(list.intersects(others)).isTrue();
    assertThat(list.removeAll(bitmap(list))).isTrue();
    assertThat(list.count()).isZero();
  }

  @Test
  void readersSeeAllThatWasThereBefore() {
    PostingList list = new PostingList();
    AtomicInteger added = new AtomicInteger();
    int n = 200_000;
    CompletableFuture<Void> writer =
        CompletableFuture.runAsync(() -> {
          for (int i = 0; i < n; i++) {
            list.add(i);
            added.set(i + 1);
          }
        });
    int least;
    do {
      least = added.get();
      RoaringBitmap seen = bitmap(list);
      if (least == 0) {
        continue;
      }
      assertThat(seen.rank(least - 1)).as("of those below %s", least).isEqualTo(least);
      assertThat(seen.last() + 1).isEqualTo(seen.getCardinality());
    } while (least < n);
    writer.join();
  }
}
