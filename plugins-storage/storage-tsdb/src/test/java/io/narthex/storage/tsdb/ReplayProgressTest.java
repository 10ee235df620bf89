package io.narthex.storage.tsdb;

import static io.narthex.storage.tsdb.TestDb.T0;
import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageContext;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.storage.TestStorageContext;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReplayProgressTest {
  @TempDir private Path folder = Path.of("");
  private final List<Double> progress = new ArrayList<>();
  private long openings;

  /** Whether the folder has format 3, as new ones do, and not format 1. */
  boolean framed() {
    return true;
  }

  private TsdbStorage open() {
    progress.clear();
    TestStorageContext context =
        new TestStorageContext(folder, ++openings << 40, new FakeClock(T0 + TestDb.HOUR));
    StorageContext recording =
        (StorageContext)
            Proxy.newProxyInstance(
                StorageContext.class.getClassLoader(),
                new Class<?>[] {StorageContext.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("replayProgress")) {
                    progress.add((Double) arguments[0]);
                  }
                  return method.invoke(context, arguments);
                });
    return TsdbStorage.open(TsdbConfig.DEFAULT, recording, false);
  }

  private void moves() {
    assertThat(progress).isSorted().hasSizeGreaterThan(8).endsWith(1.0);
    assertThat(progress).allMatch(p -> p >= 0 && p <= 1);
    assertThat(progress.stream().filter(p -> p > 0.1 && p < 0.9).count()).isGreaterThan(4);
  }

  /** Nearly all bytes of a WAL are in one file: after a close in a checkpoint. */
  @Test
  void theProgressMovesWithinAFile() {
    new WalFiles(framed()).prepare(folder);
    TsdbStorage db = open();
    long[] refs = new long[100];
    for (int i = 0; i < refs.length; i++) {
      refs[i] = db.resolve(TestDb.series("m", i));
    }
    Random random = new Random(7);
    SampleBatch batch = new SampleBatch(refs.length);
    for (int round = 0; round < 1000; round++) {
      batch.clear();
      for (long ref : refs) {
        batch.add(ref, T0 + round * 1000L, random.nextDouble());
      }
      assertThat(db.append(batch).allOk()).isTrue();
    }
    db.crash();
    TsdbStorage afterKill = open();
    moves();
    afterKill.close();
    TsdbStorage afterClose = open();
    moves();
    afterClose.close();
  }
}
