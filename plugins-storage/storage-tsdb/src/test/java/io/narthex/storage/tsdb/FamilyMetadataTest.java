package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.metrics.Counters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FamilyMetadataTest {
  private static final MetricMetadata A =
      new MetricMetadata("a", MetricType.SUMMARY, "of a\n\u20ac", "bytes");
  private static final MetricMetadata B = new MetricMetadata("b", MetricType.UNKNOWN, "", "");

  @TempDir Path dir;

  private static void put(TsdbStorage db, MetricMetadata... families) {
    SampleBatch batch = new SampleBatch(1);
    for (MetricMetadata m : families) {
      batch.metadata(m);
    }
    assertThat(db.append(batch).allOk()).isTrue();
  }

  @Test
  void maintenanceWritesWhatHasChanged() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    put(db, A, B);
    assertThat(dir.resolve("metadata")).doesNotExist();
    db.maintain();
    Path file = dir.resolve("metadata");
    FileTime old = FileTime.fromMillis(1000);
    Files.setLastModifiedTime(file, old);
    put(db, A);
    db.maintain();
    assertThat(Files.getLastModifiedTime(file)).as("nothing has changed").isEqualTo(old);
    db.crash();
    db = TestDb.open(dir);
    assertThat(db.metadata("", 0)).containsExactlyInAnyOrder(A, B);
    db.close();
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(old);
  }

  @Test
  void aSnapshotHasThemToo() {
    TsdbStorage db = TestDb.open(dir);
    put(db, A);
    String name = db.snapshot(false);
    put(db, B);
    db.close();
    db = TestDb.open(dir.resolve("snapshots").resolve(name));
    assertThat(db.metadata("", 0)).containsExactly(A);
    db.close();
  }

  @Test
  void aDamagedFileIsSetAsideAndCounted() throws IOException {
    TsdbStorage db = TestDb.open(dir);
    put(db, A, B);
    db.close();
    byte[] whole = Files.readAllBytes(dir.resolve("metadata"));
    for (int at = 0; at < whole.length; at++) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 4;
      check(damaged);
      check(Arrays.copyOf(whole, at));
    }
    db = TestDb.open(dir);
    put(db, B);
    db.close();
    db = TestDb.open(dir);
    assertThat(db.metadata("", 0)).containsExactly(B);
    db.close();
  }

  private void check(byte[] content) throws IOException {
    Files.write(dir.resolve("metadata"), content);
    Counters counters = new Counters();
    FamilyMetadata read = new FamilyMetadata(LocalDisk.INSTANCE, dir, counters);
    assertThat(read.list("", 0)).isEmpty();
    assertThat(counters.get(Counters.damageOf("metadata"))).isEqualTo(1);
    assertThat(dir.resolve("metadata")).doesNotExist();
    assertThat(dir.resolve("metadata.damaged")).hasBinaryContent(content);
  }

  @Test
  void theFamilyWrittenLongestAgoGoesFirst() {
    FamilyMetadata kept = new FamilyMetadata(LocalDisk.INSTANCE, dir, new Counters(), 500);
    SampleBatch batch = new SampleBatch(1);
    for (String name : new String[] {"a", "b", "a", "c", "d"}) {
      batch.metadata(new MetricMetadata(name, MetricType.GAUGE, "", ""));
    }
    batch.metadata(new MetricMetadata("long", MetricType.GAUGE, "x".repeat(17 << 10), ""));
    kept.put(batch);
    assertThat(kept.list("", 0)).extracting(MetricMetadata::name).containsExactly("a", "c", "d");
  }
}
