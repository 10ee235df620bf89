package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.NativeHistogram;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.storage.tsdb.chunks.ChunkCodec;
import io.narthex.storage.tsdb.chunks.ChunkRows;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameReader;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.recovery.Checkpoint;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Histograms of which a few fill a megabyte: nobody may have all of a series at once. */
class LargeHistogramsTest {
  private static final int BUCKETS = 20_000;
  private static final int ROWS = 40;
  private static final int MOST = 8; // rows in a megabyte, and the one that exceeds it
  private static final Labels LABELS = Labels.of("__name__", "large");

  @TempDir Path dir;

  private static NativeHistogram histogram(int row) {
    double[] buckets = new double[BUCKETS];
    Arrays.fill(buckets, row + 1);
    return NativeHistogram.builder()
        .schema(1)
        .count((row + 1.0) * BUCKETS)
        .positive(new int[] {0, BUCKETS}, buckets)
        .build();
  }

  private static void append(TsdbStorage db) {
    SampleBatch batch = new SampleBatch(1);
    for (int row = 0; row < ROWS; row++) {
      batch.clear();
      batch.add(db.resolve(LABELS), TestDb.T0 + row * 60_000L, histogram(row));
      assertThat(db.append(batch).allOk()).isTrue();
    }
  }

  /** Reads all of them; no tile may have more than {@link #MOST}. */
  private static void assertReadInPieces(TsdbStorage db) {
    SelectRequest request =
        SelectRequest.of(
            List.of(Matcher.equal("__name__", "large")), TestDb.T0, TestDb.T0 + TestDb.HOUR);
    try (SeriesCursor cursor = db.select(request)) {
      assertThat(cursor.nextSeries()).isTrue();
      SampleTile tile = new SampleTile(512);
      int row = 0;
      while (cursor.nextTile(tile)) {
        assertThat(tile.size).isLessThanOrEqualTo(MOST);
        for (int i = 0; i < tile.size; i++) {
          assertThat(tile.histograms[i].count()).isEqualTo(histogram(row++).count());
        }
      }
      assertThat(row).isEqualTo(ROWS);
      assertThat(cursor.nextSeries()).isFalse();
    }
  }

  @Test
  void queryReadsThemInPieces() {
    try (TsdbStorage db = TestDb.open(dir)) {
      append(db);
      assertReadInPieces(db);
    }
  }

  @Test
  void snapshotHasThemInPieces() throws IOException {
    try (TsdbStorage db = TestDb.open(dir)) {
      append(db);
    }
    int[] rows = new int[1];
    ChunkCodec codec = new ChunkCodec();
    ChunkRows chunk = new ChunkRows();
    try (var files = Files.walk(dir)) {
      List<Path> snapshots = files.filter(f -> f.toString().endsWith(".checkpoint")).toList();
      assertThat(snapshots).hasSize(1);
      Path snapshot = snapshots.getFirst();
      Frame.Kind kind = Frame.Kind.CHECKPOINT;
      int number = kind.number(snapshot.getFileName().toString());
      FrameReader.read(
          LocalDisk.INSTANCE,
          snapshot,
          kind,
          number,
          false,
          new FrameReader.Handler() {
            @Override
            public void record(int type, ByteSource body, long offset) {
              if (type == Checkpoint.SEALED) { // the others are in files of chunks
                body.varint(); // id
                codec.read(body, body.zigzag(), chunk);
                assertThat(chunk.size).isLessThanOrEqualTo(MOST);
                rows[0] += chunk.size;
              }
            }

            @Override
            public void damage(long offset, long length, String reason, MemorySegment bytes) {
              throw new AssertionError(reason);
            }
          });
    }
    assertThat(rows[0]).isLessThan(MOST);
    try (TsdbStorage db = TestDb.open(dir)) {
      assertReadInPieces(db);
    }
  }

  @Test
  void blockHasThemInPieces() {
    try (TsdbStorage db = TestDb.open(dir)) {
      append(db);
      TestDb.append(db, TestDb.series("later", 0), TestDb.T0 + 4 * TestDb.HOUR, 1);
      db.maintain();
      assertThat(db.blocks().list()).hasSize(1);
      assertThat(db.blocks().list().getFirst().meta.chunks())
          .isBetween((long) ROWS / MOST, (long) ROWS);
      assertReadInPieces(db);
    }
  }
}
