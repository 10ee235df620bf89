package io.narthex.storage.tsdb;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.model.MetricMetadata;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.ConfigurableStorage;
import io.narthex.spi.storage.DeletableStorage;
import io.narthex.spi.storage.LookupStorage;
import io.narthex.spi.storage.MetadataStorage;
import io.narthex.spi.storage.MeteredStorage;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.SelectRequest;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.SeriesExemplars;
import io.narthex.spi.storage.SnapshotStorage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageException;
import io.narthex.spi.storage.StorageStats;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.block.Blocks;
import io.narthex.storage.tsdb.block.PinnedBlocks;
import io.narthex.storage.tsdb.compaction.Compactor;
import io.narthex.storage.tsdb.compaction.HeadFlush;
import io.narthex.storage.tsdb.compaction.Retention;
import io.narthex.storage.tsdb.head.ChunkFiles;
import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.head.HeadCapture;
import io.narthex.storage.tsdb.head.HeadIndex;
import io.narthex.storage.tsdb.head.HeadView;
import io.narthex.storage.tsdb.head.ReplayThread;
import io.narthex.storage.tsdb.head.StoredRows;
import io.narthex.storage.tsdb.index.Query;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.Interruption;
import io.narthex.storage.tsdb.io.Limits;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.quarantine.Quarantine;
import io.narthex.storage.tsdb.recovery.Checkpoint;
import io.narthex.storage.tsdb.recovery.FramedRecovery;
import io.narthex.storage.tsdb.recovery.Recovery;
import io.narthex.storage.tsdb.select.Listing;
import io.narthex.storage.tsdb.select.SeriesMerge;
import io.narthex.storage.tsdb.select.SeriesSource;
import io.narthex.storage.tsdb.select.TsdbCursor;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import io.narthex.storage.tsdb.wal.FramedWal;
import io.narthex.storage.tsdb.wal.ReplaceableWal;
import io.narthex.storage.tsdb.wal.Wal;
import io.narthex.storage.tsdb.wal.WriteAheadLog;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.IntConsumer;
import org.roaringbitmap.PeekableIntIterator;
import org.roaringbitmap.RoaringBitmap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The database: a head in memory backed by the WAL, and immutable blocks.
 *
 * <h2>Concurrency</h2>
 *
 * Appends are ordered by the head's append lock. The list of blocks is guarded by the head's state
 * lock, so that a reader sees head and blocks of the same moment; it finds and reads series without
 * that lock. {@link #maintenance} lets one thread at a time make, merge, delete or rewrite blocks;
 * it is taken before the other two.
 */
final class TsdbStorage
    implements DeletableStorage,
        ConfigurableStorage<TsdbConfig>,
        MeteredStorage,
        MetadataStorage,
        LookupStorage,
        SnapshotStorage {
  private static final Logger log = LoggerFactory.getLogger(TsdbStorage.class);
  private static final int TRIES_TO_STOP = 100;

  /** So many new series are looked at under the lock; more only after so many tries without. */
  private static final int FEW_SERIES = 64;

  private static final int MAX_TRIES = 10;
  private static final long QUARANTINE_BYTES = 64 << 20;

  /**
   * How long a folder of an earlier format is continued as one, so that the previous version can be
   * put back.
   */
  private static final Duration UPGRADE_AFTER = Duration.ofHours(24);

  /** A list of so many label sets may be held. */
  private static final int FEW_LABEL_SETS = 10_000;

  private final StorageContext context;
  private final long referenceBase;
  private final DataFolder folders;
  private final Disk disk;
  private final Counters counters = new Counters();
  private final Head head;
  private final int pageBytes;
  private volatile @Nullable ChunkFiles chunkFiles; // null in format 1
  private final ReplaceableWal wal;
  private final Blocks blocks;
  private final HeadFlush flush;
  private final Compactor compactor;
  private final Retention retention;
  private final Snapshots snapshots;
  private final FamilyMetadata metadata;
  private final ReentrantLock maintenance = new ReentrantLock();
  private final List<BackgroundTask> tasks;
  private final BackgroundTask fsyncTask;
  private final List<Thread> threads = new ArrayList<>();
  private volatile TsdbConfig config;
  private volatile FsyncPolicy sync;
  private volatile boolean closed;
  private final long openedNanos = System.nanoTime();
  private volatile long confirmNanos = UPGRADE_AFTER.toNanos();

  /**
   * Whether the WAL holds what is in blocks by now, or it or the last checkpoint are damaged.
   * Guarded by {@link #maintenance}.
   */
  private boolean checkpointWanted;

  private TsdbStorage(
      TsdbConfig config, StorageContext context, DataFolder folders, Disk disk, int pageBytes) {
    this.disk = disk;
    this.config = config;
    this.context = context;
    this.folders = folders;
    referenceBase = context.referenceBase();
    sync = FsyncPolicy.parse(config.walFsync());
    this.pageBytes = pageBytes;
    head = new Head(counters, context.clock(), pageBytes);
    configureHead(config);
    blocks = new Blocks(disk, folders.blocks(), head.state, counters);
    flush = new HeadFlush(head, blocks, disk, counters, () -> closed);
    compactor = new Compactor(blocks, disk, counters, () -> closed);
    retention = new Retention(blocks, counters);
    snapshots = new Snapshots(disk, context.dataDirectory());
    metadata = new FamilyMetadata(disk, context.dataDirectory(), counters);
    head.minValidMs(blocks.newestMaxMs());
    boolean recovered = false;
    try (ReplayThread _ = head.replayWith(this::start)) {
      wal = new ReplaceableWal(folders.isFramed() ? recoverFrames(config) : recoverLog(config));
      noteGaps();
      recovered = true;
    } catch (IOException e) {
      throw new StorageException.Failed(folders.wal() + ": cannot measure: " + e, e);
    } finally {
      if (!recovered) {
        blocks.close();
        head.close();
      }
    }
    counters.add("clean_start", folders.isCleanStart() ? 1 : 0);
    BackgroundTask room = task("retention", "", this::applyRetention);
    tasks =
        List.of(
            room, // first: the others need it
            task("spill", "", () -> head.spill(disk, folders.head())),
            task("flush", "compactions_failed_total", this::flushHead),
            task("checkpoint", "wal_truncations_failed_total", this::boundWal),
            task("metadata", "", metadata::save),
            task("compaction", "compactions_failed_total", this::mergeBlocks),
            task("upgrade", "", this::upgradeIfConfirmed),
            room);
    fsyncTask = task("fsync", "", this::forceWal);
  }

  private WriteAheadLog recoverFrames(TsdbConfig c) throws IOException {
    boolean changed = folders.beginsWithLog(disk);
    if (changed) {
      new Recovery(disk, head, folders.log(), counters)
          .run(done -> context.replayProgress(done / 2));
    }
    ChunkFiles files = chunkFilesIn(folders.head());
    keepChunksIn(files);
    FramedRecovery recovery =
        new FramedRecovery(
            disk,
            head,
            folders.wal(),
            folders.head(),
            files,
            new Quarantine(disk, folders.quarantine(), QUARANTINE_BYTES),
            counters);
    FramedWal.Position position =
        recovery.run(done -> context.replayProgress(changed ? (1 + done) / 2 : done));
    head.recovered();
    checkpointWanted = folders.hasLog(disk) || recovery.isCheckpointWanted(); // removes the log
    return framedWal(c, position, files);
  }

  private void keepChunksIn(ChunkFiles files) {
    head.keepChunksIn(files);
    chunkFiles = files;
  }

  private ChunkFiles chunkFilesIn(Path folder) {
    return new ChunkFiles(disk, folder, pageBytes, counters);
  }

  private FramedWal framedWal(TsdbConfig c, FramedWal.Position position, ChunkFiles files)
      throws IOException {
    Path segments = folders.framedWal();
    Path checkpoints = folders.framedHead();
    return new FramedWal(
        disk,
        segments,
        checkpoints,
        c.walSegmentSize().bytes(),
        position,
        Directories.bytesIn(disk, segments)
            + Directories.bytesIn(disk, checkpoints)
            - files.bytesOnDisk(),
        head::labels,
        folders::isPacked,
        counters);
  }

  private WriteAheadLog recoverLog(TsdbConfig c) throws IOException {
    Recovery recovery = new Recovery(disk, head, folders.wal(), counters);
    int next = recovery.run(context::replayProgress);
    head.recovered();
    checkpointWanted = recovery.isCheckpointWanted();
    return new Wal(
        disk,
        folders.wal(),
        c.walSegmentSize().bytes(),
        next,
        Directories.bytesIn(disk, folders.wal()),
        counters);
  }

  /** Notes where blocks and head have no samples: a clock that was ahead leaves a gap. */
  private void noteGaps() {
    Block last = null;
    for (Block b : blocks.list()) {
      if (last != null) {
        head.gap(last.meta.minTimeMs(), last.meta.maxTimeMs(), b.meta.minTimeMs());
      }
      last = last == null || b.meta.maxTimeMs() > last.meta.maxTimeMs() ? b : last;
    }
    if (last != null && head.minMs() <= head.maxMs()) {
      head.gap(last.meta.minTimeMs(), last.meta.maxTimeMs(), head.minMs());
    }
  }

  /**
   * Opens the database of a folder.
   *
   * @param background whether threads force the WAL and make blocks; tests do it by hand
   */
  static TsdbStorage open(TsdbConfig config, StorageContext context, boolean background) {
    return open(config, context, background, LocalDisk.INSTANCE);
  }

  static TsdbStorage open(
      TsdbConfig config, StorageContext context, boolean background, Disk disk) {
    return open(config, context, background, disk, Head.CHUNK_PAGE_BYTES);
  }

  /**
   * The same.
   *
   * @param pageBytes size of a page of chunks; tests have small ones
   */
  static TsdbStorage open(
      TsdbConfig config, StorageContext context, boolean background, Disk disk, int pageBytes) {
    FsyncPolicy.parse(config.walFsync());
    Path root = context.dataDirectory();
    DataFolder folders = DataFolder.open(disk, root, !config.noLockfile());
    long started = System.nanoTime();
    TsdbStorage storage;
    try {
      storage = new TsdbStorage(config, context, folders, disk, pageBytes);
    } catch (RuntimeException e) {
      folders.close();
      throw e;
    }
    double seconds = (System.nanoTime() - started) / 1e9;
    storage.counters.add("data_replay_duration_seconds", seconds);
    log.info(
        "tsdb {}: ready with {} series in the head and {} blocks after {} s",
        root,
        storage.head.index().seriesCount(),
        storage.blocks.list().size(),
        seconds);
    if (background) {
      if (!folders.isPacked()) {
        log.info(
            "tsdb {}: has format {}, and gets format 3 after {} with this version; until then the"
                + " previous version can be put back",
            root,
            folders.isFramed() ? 2 : 1,
            UPGRADE_AFTER);
      }
      storage.startThreads();
    }
    return storage;
  }

  // ---- threads -------------------------------------------------------------------------------

  private void startThreads() {
    threads.add(start("tsdb-wal-fsync", this::syncLoop));
    threads.add(start("tsdb-maintenance", this::maintenanceLoop));
  }

  private Thread start(String name, Runnable work) {
    return context.start(() -> {
      Thread.currentThread().setName(name);
      work.run();
    });
  }

  /** Returns whether the threads continue; the host interrupts those that do not end. */
  private boolean isWorking() {
    return !closed && !Thread.currentThread().isInterrupted();
  }

  private void syncLoop() {
    while (isWorking()) {
      long interval = sync.intervalMs();
      pause(interval == 0 ? 1000 : interval);
      if ((interval > 0 || wal.isBroken()) && isWorking()) {
        fsyncTask.run();
      }
    }
  }

  /** Forces the WAL; after a failure everything since the last success is written again first. */
  void forceWal() {
    if (wal.isBroken()) {
      head.appendLock.lock();
      try {
        wal.repair();
      } finally {
        head.appendLock.unlock();
      }
    }
    wal.sync();
  }

  private void maintenanceLoop() {
    while (isWorking()) {
      pause(15_000);
      if (isWorking()) {
        maintain();
      }
    }
  }

  private synchronized void pause(long ms) {
    if (!closed) {
      try {
        wait(ms);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Makes blocks from the head, merges blocks and deletes old ones, as far as it is time to. What
   * fails does not keep the rest from being done.
   */
  void maintain() {
    maintenance.lock();
    try {
      if (closed) {
        return;
      }
      tasks.forEach(BackgroundTask::run);
    } finally {
      maintenance.unlock();
    }
  }

  private void applyRetention() {
    retention.apply(
        config.retentionTime(),
        config.retentionSize().bytes(),
        wal.bytesOnDisk() + head.chunkFileBytes(),
        context.clock().millis());
  }

  private void flushHead() {
    long before = head.minValidMs();
    long outOfOrder = head.outOfOrder().bytes();
    double removed = counters.get("head_series_removed_total");
    try {
      flush.run(config.blockMs());
      flush.runEnded(config.blockMs(), config.staleSeriesCompactionThreshold());
    } finally {
      checkpointWanted |=
          head.minValidMs() != before
              || head.outOfOrder().bytes() < outOfOrder
              || counters.get("head_series_removed_total") != removed;
    }
  }

  private void boundWal() {
    // by size too: it bounds how long a start after a crash takes
    if (checkpointWanted || wal.checkpointDue()) {
      checkpointWanted = true;
      writeCheckpoint();
      checkpointWanted = false;
    }
  }

  private void mergeBlocks() {
    compactor.run(config.blockMs(), config.maxBlockMs());
  }

  private BackgroundTask task(String name, String alsoCounts, Runnable work) {
    return new BackgroundTask(name, context.dataDirectory(), counters, alsoCounts, work);
  }

  /** Replaces the WAL by a checkpoint of the head. */
  private void writeCheckpoint() {
    disk.require(folders.head(), head.checkpointBytes(), "a checkpoint");
    int segment;
    int lastPage;
    long begun;
    head.appendLock.lock();
    try {
      wal.write(false);
      segment = wal.cut();
      wal.checkpointBegun();
      begun = head.checkpointBegun();
      lastPage = head.endPage();
    } finally {
      head.appendLock.unlock();
    }
    counters.add("checkpoint_creations_total", 1);
    long bytes;
    try {
      bytes = writeCheckpoint(segment, lastPage, () -> closed);
    } catch (RuntimeException e) {
      counters.add("checkpoint_creations_failed_total", 1);
      throw e;
    }
    if (bytes >= 0) { // else the storage closes, which writes one
      wal.checkpointWritten(bytes);
      head.checkpointWritten(begun);
      deleteReplaced(segment);
      counters.add("wal_truncations_total", 1);
    }
  }

  /** Deletes what a checkpoint has replaced: what refers to a file goes before it. */
  private void deleteReplaced(int segment) {
    wal.deleteBelow(segment);
    ChunkFiles files = chunkFiles;
    if (files != null) {
      files.deleteUnneeded(segment, head.chunkFiles());
    }
    removeLog();
  }

  private long writeCheckpoint(int segment, int lastPage, BooleanSupplier stop) {
    return Checkpoint.write(
        disk, head, folders.head(), segment, chunkFiles, lastPage, folders.isPacked(), stop);
  }

  // ---- from format 1 or 2 to 3 ---------------------------------------------------------------

  private void upgradeIfConfirmed() {
    if (!folders.isPacked() && System.nanoTime() - openedNanos >= confirmNanos) {
      upgrade();
    }
  }

  /**
   * Changes a folder of format 1 or 2 to format 3, which previous versions of the plugin cannot
   * read. Appends wait for a few forces; queries do not.
   *
   * @return whether it had not format 3
   */
  boolean upgrade() {
    maintenance.lock();
    try {
      checkOpen();
      if (folders.isPacked()) {
        return false;
      }
      disk.require(folders.head(), head.fileBytes(), "a checkpoint of format 3");
      head.appendLock.lock();
      try {
        if (folders.isFramed()) {
          folders.becomePacked(disk); // what is there is read as before
        } else {
          continueFramed();
        }
      } catch (IOException e) {
        throw new StorageException.Failed(
            "tsdb " + context.dataDirectory() + ": cannot be changed to format 3: " + e, e);
      } finally {
        head.appendLock.unlock();
      }
      log.info("tsdb {}: has format 3 from now on", context.dataDirectory());
      checkpointWanted = true;
      boundWal(); // the log of format 1 is read at each start until then
      return true;
    } finally {
      maintenance.unlock();
    }
  }

  /** Ends the WAL of format 1 and begins one of format 3. Under the append lock. */
  private void continueFramed() throws IOException {
    WriteAheadLog before = wal.current();
    before.write(false);
    before.cut(); // forces all there is
    folders.prepareFrames(disk);
    ChunkFiles files = chunkFilesIn(folders.framedHead());
    FramedWal next = framedWal(config, FramedWal.Position.FIRST, files);
    boolean done = false;
    try {
      if (next.segment() < FramedWal.Position.FIRST.segment()) {
        throw new IOException("the WAL cannot be begun");
      }
      folders.becomePacked(disk); // the step that counts
      done = true;
    } finally {
      if (!done) {
        next.abandon();
      }
    }
    wal.replace(next);
    before.abandon();
    keepChunksIn(files);
  }

  private void removeLog() {
    try {
      folders.removeLog(disk);
    } catch (IOException e) {
      // nobody reads them any more, and the next checkpoint tries again
      log.warn("tsdb {}: files of format 1 cannot be deleted: {}", folders.log(), e.toString());
    }
  }

  // ---- Storage -------------------------------------------------------------------------------

  @Override
  public long resolve(Labels labels) {
    checkOpen();
    if (labels.isEmpty()) {
      throw new IllegalArgumentException("series: labels must not be empty");
    }
    Limits.check(labels);
    return referenceBase + head.resolve(labels, wal);
  }

  @Override
  public AppendResult append(SampleBatch batch) {
    checkOpen();
    AppendResult result = head.append(batch, referenceBase, wal, sync.always());
    if (batch.metadataCount() > 0) {
      metadata.put(batch);
    }
    return result;
  }

  @Override
  public BitSet stored(SampleBatch batch, BitSet rows) {
    checkOpen();
    return StoredRows.find(head, batch, rows, referenceBase);
  }

  @Override
  public List<MetricMetadata> metadata(String name, int limit) {
    checkOpen();
    return metadata.list(name, limit);
  }

  @Override
  public SeriesCursor select(SelectRequest request) {
    return select(request, SelectMemory.UNCOUNTED);
  }

  @Override
  public SeriesCursor select(SelectRequest request, SelectMemory memory) {
    return Interruption.during(request.hints().end(), () -> selected(request, memory));
  }

  private SeriesCursor selected(SelectRequest request, SelectMemory memory) {
    checkOpen();
    new Interruption("selection of series").checkEnd();
    List<SeriesSource> sources = new ArrayList<>();
    long min = request.minTimeMs();
    long max = request.maxTimeMs();
    try (HeadView view = HeadView.of(head)) {
      Query query = Query.of(request.matchers()); // its automata are made once for all indexes
      RoaringBitmap ids = min <= max ? view.select(query) : new RoaringBitmap();
      Moment moment = moment(view, query, ids, request, memory);
      try (PinnedBlocks pinned = moment.blocks();
          HeadCapture capture = moment.capture()) {
        capture.finish();
        pinned.select(query, false, sources);
        if (!ids.isEmpty()) {
          sources.add(capture.source());
        }
        pinned.select(query, true, sources);
        if (capture.hasOutOfOrder()) {
          sources.add(capture.outOfOrderSource());
        }
      } catch (RuntimeException e) {
        sources.forEach(SeriesSource::close);
        throw e;
      }
    }
    if (sources.size() == 1 && request.hints().anyOrder()) {
      sources.getFirst().allowAnyOrder(); // several are merged by their labels
    }
    return new TsdbCursor(
        sources, request.hints().startTimesWanted(), request.hints().seriesLimit());
  }

  /** Head and blocks of one moment: between two of them samples could go from one to the other. */
  private record Moment(PinnedBlocks blocks, HeadCapture capture) {}

  /**
   * Chooses the moment that a query sees.
   *
   * @param ids the series found, to which those made since are added: else it would miss one of two
   *     new series of a batch
   */
  private Moment moment(
      HeadView view, Query query, RoaringBitmap ids, SelectRequest request, SelectMemory memory) {
    boolean newest =
        request.hints().function().equals(SelectRequest.Hints.NEWEST)
            && !request.hints().startTimesWanted();
    for (int tries = 1; ; tries++) {
      RoaringBitmap fresh;
      head.state.readLock().lock();
      try {
        checkOpen(); // what is closed has nothing left, and that is no answer
        fresh = view.fresh();
        if (tries == MAX_TRIES || fresh.getCardinality() <= FEW_SERIES) {
          view.addMatching(query, fresh, ids);
          PinnedBlocks pinned = blocks.pin(request.minTimeMs(), request.maxTimeMs());
          return new Moment(
              pinned,
              new HeadCapture(head, ids, request.minTimeMs(), request.maxTimeMs(), newest, memory));
        }
      } finally {
        head.state.readLock().unlock();
      }
      view.addMatching(query, fresh, ids); // many: without the lock
    }
  }

  @Override
  public List<Labels> series(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    checkOpen();
    List<Query> queries = Query.ofEach(matcherSets);
    Listing<Labels> found = new Listing<>("list of series", Comparator.naturalOrder(), limit);
    try (HeadView view = HeadView.of(head)) {
      forEachHeadSeries(
          view,
          queries,
          minTimeMs,
          maxTimeMs,
          pairs -> {
            Labels last = found.lastIfFull();
            if (last == null || HeadIndex.compare(pairs, last) < 0) {
              found.add(HeadIndex.labels(pairs));
            } else {
              found.step();
            }
          });
    }
    // the blocks last: a series that left the head meanwhile is in one of them
    try (PinnedBlocks pinned = blocks.pin(minTimeMs, maxTimeMs)) {
      pinned.series(queries, found);
    }
    checkOpen(); // a part of the answer is none
    return found.list();
  }

  @Override
  public void forEachSeries(
      List<List<Matcher>> matcherSets,
      long minTimeMs,
      long maxTimeMs,
      int limit,
      Predicate<? super Labels> sink) {
    if (limit > 0 && limit <= FEW_LABEL_SETS) { // the first few need not be sorted among all
      DeletableStorage.super.forEachSeries(matcherSets, minTimeMs, maxTimeMs, limit, sink);
      return;
    }
    checkOpen();
    List<Query> queries = Query.ofEach(matcherSets);
    List<HeadIndex.Pair[]> ofHead = new ArrayList<>();
    Interruption interruption = new Interruption("list of series");
    try (HeadView view = HeadView.of(head)) {
      forEachHeadSeries(
          view,
          queries,
          minTimeMs,
          maxTimeMs,
          pairs -> {
            interruption.step();
            ofHead.add(pairs);
          });
    }
    ofHead.sort(
        (a, b) -> HeadIndex.compare(a, b)); // labels are made one by one, when their turn comes
    // the blocks last: a series that left the head meanwhile is in one of them
    try (PinnedBlocks pinned = blocks.pin(minTimeMs, maxTimeMs)) {
      List<Iterator<Labels>> sorted = pinned.series(queries);
      sorted.add(ofHead.stream().map(HeadIndex::labels).iterator());
      SeriesMerge merge = new SeriesMerge(sorted);
      Labels next = merge.next();
      for (int n = 0; next != null && (limit == 0 || n < limit); n++) {
        interruption.step();
        if (closed || !sink.test(next)) {
          break;
        }
        next = merge.next();
      }
    }
    checkOpen(); // a part of the answer is none
  }

  private void forEachHeadSeries(
      HeadView view,
      List<Query> queries,
      long minTimeMs,
      long maxTimeMs,
      Consumer<HeadIndex.Pair[]> action) {
    for (PeekableIntIterator i = view.selectAny(queries).getIntIterator(); i.hasNext(); ) {
      int id = i.next();
      HeadIndex.Pair[] pairs = head.pairs(id);
      if (pairs != null && view.mayHaveSamples(id, minTimeMs, maxTimeMs)) {
        action.accept(pairs);
      }
    }
  }

  @Override
  public List<String> labelNames(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    checkOpen();
    List<Query> queries = Query.ofEach(matcherSets);
    Listing<String> names = new Listing<>("list of label names", Labels::compareCodePoints, limit);
    if (matcherSets.isEmpty() && headOverlaps(minTimeMs, maxTimeMs)) {
      head.index().names().forEach(names::add);
    } else {
      try (HeadView view = HeadView.of(head)) {
        forEachHeadSeries(
            view,
            queries,
            minTimeMs,
            maxTimeMs,
            pairs -> {
              for (HeadIndex.Pair p : pairs) {
                names.add(p.name());
              }
            });
      }
    }
    try (PinnedBlocks pinned = blocks.pin(minTimeMs, maxTimeMs)) {
      pinned.labelNames(queries, names);
    }
    checkOpen(); // a part of the answer is none
    return names.list();
  }

  @Override
  public List<String> labelValues(
      String name, List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs, int limit) {
    checkOpen();
    List<Query> queries = Query.ofEach(matcherSets);
    Listing<String> values =
        new Listing<>("list of label values", Labels::compareCodePoints, limit);
    if (matcherSets.isEmpty() && headOverlaps(minTimeMs, maxTimeMs)) {
      head.index().values(name).forEach(values::add);
    } else {
      try (HeadView view = HeadView.of(head)) {
        RoaringBitmap ids = new RoaringBitmap();
        for (PeekableIntIterator i = view.selectAny(queries).getIntIterator(); i.hasNext(); ) {
          values.step();
          int id = i.next();
          if (view.mayHaveSamples(id, minTimeMs, maxTimeMs)) {
            ids.add(id);
          }
        }
        view.forEachValue(name, ids, values::add);
      }
    }
    try (PinnedBlocks pinned = blocks.pin(minTimeMs, maxTimeMs)) {
      pinned.labelValues(name, queries, values);
    }
    checkOpen(); // a part of the answer is none
    return values.list();
  }

  private boolean headOverlaps(long minTimeMs, long maxTimeMs) {
    head.state.readLock().lock();
    try {
      return head.maxMs() != Long.MIN_VALUE
          && maxTimeMs >= Math.min(head.minMs(), head.maxMs())
          && minTimeMs <= head.maxMs();
    } finally {
      head.state.readLock().unlock();
    }
  }

  @Override
  public List<SeriesExemplars> exemplars(
      List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs) {
    checkOpen();
    return head.exemplars(matcherSets, minTimeMs, maxTimeMs);
  }

  @Override
  public void delete(List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs) {
    checkOpen();
    maintenance.lock();
    try {
      checkOpen();
      deleteFromHead(matcherSets, minTimeMs, maxTimeMs);
      blocks.delete(matcherSets, minTimeMs, maxTimeMs);
    } finally {
      maintenance.unlock();
    }
  }

  private void deleteFromHead(List<List<Matcher>> matcherSets, long minTimeMs, long maxTimeMs) {
    RoaringBitmap ids;
    try (HeadView view =
        HeadView.of(head)) { // none is removed until this ends: maintenance is locked
      ids = view.selectAny(Query.ofEach(matcherSets));
    }
    head.appendLock.lock();
    try {
      TombstoneMap fresh = new TombstoneMap();
      ids.forEach(
          (IntConsumer)
              id -> {
                if (head.mayHaveSamples(id, minTimeMs, maxTimeMs)
                    && (maxTimeMs >= head.minValidMs() || head.outOfOrder().has(id))) {
                  // not beyond the newest sample: what comes later has not been deleted
                  fresh.add(id, minTimeMs, Math.min(maxTimeMs, head.newestMs(id)));
                }
              });
      if (fresh.size() == 0) {
        return;
      }
      wal.tombstones(fresh);
      wal.write(sync.always());
      head.state.writeLock().lock();
      try {
        fresh.forEach((id, ranges) -> {
          for (int i = 0; i < ranges.length; i += 2) {
            head.delete(id, ranges[i], ranges[i + 1]);
          }
        });
      } finally {
        head.state.writeLock().unlock();
      }
    } finally {
      head.appendLock.unlock();
    }
  }

  @Override
  public void cleanTombstones() {
    checkOpen();
    maintenance.lock();
    try {
      checkOpen();
      compactor.rewriteWithoutTombstones();
    } finally {
      maintenance.unlock();
    }
  }

  @Override
  public String snapshot(boolean skipHead) {
    checkOpen();
    maintenance.lock();
    try {
      checkOpen();
      metadata.save();
      return snapshots.make(
          context.clock().millis(),
          blocks.list(),
          folder -> {
            if (!skipHead) {
              flush.copy(folder, config.blockMs());
            }
          });
    } finally {
      maintenance.unlock();
    }
  }

  @Override
  public void reconfigure(TsdbConfig changed) {
    checkOpen();
    sync = FsyncPolicy.parse(changed.walFsync());
    config = changed;
    configureHead(changed);
  }

  private void configureHead(TsdbConfig c) {
    head.configure(c.blockMs(), c.outOfOrderTimeWindow().toMillis(), c.maxExemplars());
  }

  @Override
  public StorageStats stats(int topN) {
    checkOpen();
    return TsdbStats.of(head, blocks, wal, counters, config, topN);
  }

  @Override
  public void collect(MetricSink sink) {
    TsdbMetrics.write(stats(0).counters(), sink);
  }

  private void checkOpen() {
    if (closed) {
      throw new StorageException.Closed("tsdb " + context.dataDirectory() + ": is closed");
    }
  }

  @Override
  public void close() {
    // an interrupt closes NIO channels: clear the flag and restore it afterwards
    boolean interrupted = Thread.interrupted();
    try {
      closeUninterrupted();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void closeUninterrupted() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      notifyAll();
    }
    long begun = System.nanoTime();
    awaitThreads();
    maintenance.lock();
    head.appendLock.lock();
    long waited = System.nanoTime() - begun;
    try {
      writeFinalCheckpoint();
      saveMetadata();
      wal.close();
      log.info(
          "tsdb {}: closed after {} ms, of which it waited for its tasks for {} ms",
          context.dataDirectory(),
          (System.nanoTime() - begun) / 1_000_000,
          waited / 1_000_000);
    } finally {
      blocks.close();
      head.close();
      head.appendLock.unlock();
      maintenance.unlock();
      folders.close();
    }
  }

  /** Spares the next start the replay; without it the WAL alone gives the same state. */
  private void writeFinalCheckpoint() {
    try {
      disk.require(folders.head(), head.checkpointBytes(), "a checkpoint");
      wal.write(false);
      int segment = wal.cut();
      writeCheckpoint(segment, head.endPage(), () -> false);
      deleteReplaced(segment);
    } catch (RuntimeException e) {
      log.warn("tsdb: no checkpoint on close, the next start replays the WAL: {}", e.getMessage());
    }
  }

  private void saveMetadata() {
    try {
      metadata.save();
    } catch (RuntimeException e) {
      log.warn("tsdb: {}; senders repeat it", e.getMessage());
    }
  }

  private void awaitThreads() {
    boolean interrupted = false;
    for (Thread t : threads) {
      for (int i = 0; i < TRIES_TO_STOP && t.isAlive(); i++) {
        try {
          t.join(TimeUnit.SECONDS.toMillis(1));
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- for tests -----------------------------------------------------------------------------

  Head head() {
    return head;
  }

  Blocks blocks() {
    return blocks;
  }

  Counters counters() {
    return counters;
  }

  /** Stops as a killed process would: nothing is written, only the lock is released. */
  void crash() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    awaitThreads();
    wal.abandon();
    blocks.close();
    head.close();
    folders.abandon();
  }

  WriteAheadLog wal() {
    return wal.current();
  }

  /** Sets how long a folder of format 1 stays that. */
  void confirmAfter(Duration time) {
    confirmNanos = time.toNanos();
  }
}
