package io.narthex.http;

import io.narthex.model.Labels;
import io.narthex.spi.storage.SampleBatch;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The series and rows of a request; used again for another one. Not thread-safe. */
final class WriteColumns {
  /** Until they are resolved, the references of the rows are series numbers. */
  SampleBatch batch = new SampleBatch(1024);

  // by number of the series
  int count;
  long[] refs = new long[256];
  int[] from = new int[256];
  int[] to = new int[256];
  int[] hashes = new int[256]; // of the metadata
  @Nullable Labels[] labels = new Labels[256]; // null while the reference is known

  /** Adds a series and returns its number. */
  int add(WriteRequestReader r, long ref, @Nullable Labels set, int hash) {
    if (count == refs.length) {
      int n = count * 2;
      refs = Arrays.copyOf(refs, n);
      from = Arrays.copyOf(from, n);
      to = Arrays.copyOf(to, n);
      hashes = Arrays.copyOf(hashes, n);
      labels = Arrays.copyOf(labels, n);
    }
    refs[count] = ref;
    from[count] = r.from();
    to[count] = r.to();
    hashes[count] = hash;
    labels[count] = set;
    return count++;
  }

  /** Empties them; returns false when they have grown so large that they are not worth keeping. */
  boolean clear() {
    if (refs.length > WriteStore.MAX_APPENDED || batch.size() > WriteStore.MAX_APPENDED) {
      return false;
    }
    if (batch.hasHistograms() || batch.hasStartTimes() || batch.hasZeros()) {
      batch = new SampleBatch(1024); // a batch that has had such columns says that it has them
    } else {
      batch.clear();
    }
    Arrays.fill(labels, 0, count, null);
    count = 0;
    return true;
  }
}
