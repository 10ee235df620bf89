package io.narthex.storage.tsdb.head;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.roaringbitmap.RoaringBitmap;

class OutOfOrderSamplesTest {
  private final OutOfOrderSamples outOfOrder = new OutOfOrderSamples();

  @Test
  void findsThoseOfTheSeriesWanted() {
    for (int id : new int[] {3, 70_000, 5, 9}) {
      outOfOrder.add(id, 1000, 1, null, 0);
      outOfOrder.add(id, 2000, 1, null, 0);
    }
    assertThat(outOfOrder.among(RoaringBitmap.bitmapOf(1, 5, 9, 70_000)).toArray())
        .containsExactly(5, 9, 70_000);
    outOfOrder.remove(5, outOfOrder.range(5, 0, 1500));
    assertThat(outOfOrder.among(RoaringBitmap.bitmapOf(5)).toArray()).containsExactly(5);
    outOfOrder.remove(5, outOfOrder.range(5, 0, 5000));
    assertThat(outOfOrder.among(RoaringBitmap.bitmapOf(5)).isEmpty()).isTrue();
    assertThat(outOfOrder.has(5)).isFalse();
  }
}
