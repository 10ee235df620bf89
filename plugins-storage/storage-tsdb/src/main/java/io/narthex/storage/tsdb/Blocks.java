package io.narthex.storage.tsdb;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.storage.SelectMemory;
import io.narthex.spi.storage.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.IntConsumer;
import org.roaringbitmap.RoaringBitmap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The blocks of the database and what is done to them. The list is guarded by the head's state
 * lock; everything that makes or removes blocks runs under the storage's maintenance lock.
 */
final class Blocks {
  private static final Logger log = LoggerFactory.getLogger(Blocks.class);
  private static final String TEMPORARY = ".tmp";

  private final Path directory;
  private final Head head;
  private final Counters counters;
  private final SecureRandom random = new SecureRandom();
  private volatile List<Block> blocks;

  Blocks(Path directory, Head head, Counters counters) {
    this.directory = directory;
    this.head = head;
    this.counters = counters;
    blocks = load();
    counters.add("reloads_total", 1);
  }

  private List<Block> load() {
    List<Block> found = new ArrayList<>();
    boolean complete = false;
    try (Stream<Path> entries = Files.list(directory)) {
      for (Path p : entries.toList()) {
        String name = p.getFileName().toString();
        if (name.endsWith(TEMPORARY)
            && Ulid.isUlid(name.substring(0, name.length() - TEMPORARY.length()))) {
          Folders.deleteTree(p); // begun by a process that ended before it was whole
        } else if (Ulid.isUlid(name)) {
          found.add(new Block(p));
        }
      }
      Set<String> replaced = new HashSet<>();
      found.forEach(b -> replaced.addAll(b.meta.parents()));
      List<Block> live = new ArrayList<>();
      for (Block b : found) {
        if (replaced.contains(b.meta.id())) {
          b.doom(); // its successor was finished, a crash kept it from going
          b.release();
        } else {
          live.add(b);
        }
      }
      live.sort(ORDER);
      complete = true;
      return List.copyOf(live);
    } catch (IOException e) {
      throw new StorageException.Failed(directory + ": cannot load the blocks: " + e, e);
    } finally {
      if (!complete) {
        found.forEach(Block::release);
      }
    }
  }

  private static final Comparator<Block> ORDER =
      Comparator.<Block>comparingLong(b -> b.meta.minTimeMs())
          // where both have a time, the sample that came in order is read
          .thenComparing(b -> b.meta.late())
          .thenComparingLong(b -> b.meta.maxTimeMs())
          .thenComparing(b -> b.meta.id());

  /** Returns the blocks by time. */
  List<Block> list() {
    return blocks;
  }

  /** Returns the end of the newest block made in order, or {@code Long.MIN_VALUE}. */
  long newestMaxMs() {
    return blocks.stream()
        .filter(b -> !b.meta.late())
        .mapToLong(b -> b.meta.maxTimeMs())
        .max()
        .orElse(Long.MIN_VALUE);
  }

  /** Returns the size of all files below a folder. */
  static long bytesIn(Path folder) {
    try (Stream<Path> walk = Files.walk(folder)) {
      long sum = 0;
      for (Path p : walk.toList()) {
        if (Files.isRegularFile(p)) {
          sum += Files.size(p);
        }
      }
      return sum;
    } catch (IOException | UncheckedIOException e) {
      throw new StorageException.Failed(folder + ": cannot measure: " + e, e);
    }
  }

  /** Replaces blocks in the list. Under the head's state write lock. */
  private void swap(List<Block> gone, List<Block> fresh) {
    List<Block> next = new ArrayList<>(blocks);
    next.removeAll(gone);
    next.addAll(fresh);
    next.sort(ORDER);
    blocks = List.copyOf(next);
    counters.add("reloads_total", 1);
  }

  private void replace(List<Block> gone, List<Block> fresh) {
    head.state.writeLock().lock();
    try {
      swap(gone, fresh);
    } finally {
      head.state.writeLock().unlock();
    }
    for (Block b : gone) {
      b.doom();
      b.release();
    }
  }

  // ---- reading; under the head's state read lock
  // -------------------------------------------------

  void select(List<Matcher> matchers, long minTimeMs, long maxTimeMs, List<SeriesSource> into) {
    for (Block b : blocks) {
      if (b.overlaps(minTimeMs, maxTimeMs)) {
        RoaringBitmap ids = Postings.select(b, matchers);
        if (!ids.isEmpty()) {
          into.add(new BlockSource(b, ids, minTimeMs, maxTimeMs));
        }
      }
    }
  }

  /** Receives the rows of matching series. */
  private interface RowAction {
    void row(Block block, Block.Row row);
  }

  private void forEachRow(
      List<List<Matcher>> sets, long minTimeMs, long maxTimeMs, RowAction action) {
    Block.Row row = new Block.Row();
    for (Block b : blocks) {
      if (b.overlaps(minTimeMs, maxTimeMs)) {
        Postings.selectAny(b, sets)
            .forEach(
                (IntConsumer)
                    id -> {
                      b.row(id, row);
                      if (Block.anyChunk(row, minTimeMs, maxTimeMs)) {
                        action.row(b, row);
                      }
                    });
      }
    }
  }

  void series(List<List<Matcher>> sets, long minTimeMs, long maxTimeMs, Set<Labels> into) {
    forEachRow(sets, minTimeMs, maxTimeMs, (b, row) -> into.add(b.labels(row)));
  }

  void labelNames(List<List<Matcher>> sets, long minTimeMs, long maxTimeMs, Set<String> into) {
    if (sets.isEmpty()) {
      for (Block b : blocks) {
        if (b.overlaps(minTimeMs, maxTimeMs)) {
          into.addAll(b.names().keySet());
        }
      }
      return;
    }
    forEachRow(
        sets,
        minTimeMs,
        maxTimeMs,
        (b, row) ->
            Block.forEachPair(
                row,
                pair -> {
                  into.add(b.name(pair));
                  return true;
                }));
  }

  void labelValues(
      String name, List<List<Matcher>> sets, long minTimeMs, long maxTimeMs, Set<String> into) {
    if (sets.isEmpty()) {
      for (Block b : blocks) {
        Block.Name n = b.names().get(name);
        if (n != null && b.overlaps(minTimeMs, maxTimeMs)) {
          for (int i = 0; i < n.count(); i++) {
            into.add(b.value(n.first() + i));
          }
        }
      }
      return;
    }
    forEachRow(
        sets,
        minTimeMs,
        maxTimeMs,
        (b, row) -> {
          Block.Name n = b.names().get(name);
          if (n != null) {
            Block.forEachPair(
                row,
                pair -> {
                  if (pair >= n.first() && pair < n.first() + n.count()) {
                    into.add(b.value(pair));
                    return false;
                  }
                  return true;
                });
          }
        });
  }

  // ---- flush
  // -------------------------------------------------------------------------------------

  /** Tells whether the head is long enough for a block to be made of it. */
  boolean flushDue(TsdbConfig config) {
    head.state.readLock().lock();
    try {
      return head.minMs() <= head.maxMs() && head.maxMs() - head.minMs() > config.blockMs() / 2 * 3;
    } finally {
      head.state.readLock().unlock();
    }
  }

  /** Makes blocks of the old part of the head. */
  void flush(TsdbConfig config) {
    while (flushDue(config)) {
      long start = Math.floorDiv(head.minMs(), config.blockMs()) * config.blockMs();
      long end = start + config.blockMs();
      counters.add("compactions_triggered_total", 1);
      Block fresh = writeHead(start, end);
      List<Block> late = new ArrayList<>();
      List<LateSource.Entry> flushed = writeLate(end, config.blockMs(), late);
      head.appendLock.lock();
      head.state.writeLock().lock();
      try {
        head.truncate(end);
        List<Block> all = new ArrayList<>(late);
        if (fresh != null) {
          all.add(fresh);
        }
        for (LateSource.Entry e : flushed) {
          head.late().remove(e.id(), e.samples());
        }
        if (!all.isEmpty()) {
          swap(List.of(), all);
        }
        if (fresh == null) {
          head.skipGap();
        }
      } finally {
        head.state.writeLock().unlock();
        head.appendLock.unlock();
      }
    }
  }

  private @Nullable Block writeHead(long start, long end) {
    long started = System.nanoTime();
    List<Integer> ids = sortedIds();
    String id = Ulid.next(System.currentTimeMillis(), random);
    try (BlockWriter writer = new BlockWriter(directory, id, counters)) {
      for (int from = 0; from < ids.size(); from += SeriesPage.SIZE) {
        RoaringBitmap some = new RoaringBitmap();
        for (int i : ids.subList(from, Math.min(ids.size(), from + SeriesPage.SIZE))) {
          some.add(i);
        }
        HeadSource source;
        head.state.readLock().lock();
        try {
          source = HeadSource.capture(head, some, start, end - 1, true, SelectMemory.UNCOUNTED);
        } finally {
          head.state.readLock().unlock();
        }
        copy(source, writer);
      }
      if (writer.isEmpty()) {
        return null;
      }
      writer.finish(id, start, end, 1, false, List.of(id), List.of());
      counters.compacted(started);
      return new Block(directory.resolve(id));
    } catch (IOException e) {
      throw new StorageException.Failed(
          "block " + directory.resolve(id) + ": cannot write: " + e, e);
    }
  }

  private static void copy(SeriesSource source, BlockWriter writer) throws IOException {
    source.nextSeries();
    while (source.labels != null) {
      while (source.nextRows()) {
        writer.add(source.rows);
      }
      writer.endSeries(source.labels);
      source.nextSeries();
    }
  }

  /** A series of the head with its labels. */
  private record Labelled(int id, HeadIndex.Pair[] pairs) {}

  /** Returns the series of the head in label order. */
  private List<Integer> sortedIds() {
    List<Labelled> series = new ArrayList<>();
    head.state.readLock().lock();
    try {
      for (int id : HeadIndex.toList(head.index().all())) {
        HeadIndex.Pair[] pairs = head.pairs(id);
        if (pairs != null) {
          series.add(new Labelled(id, pairs));
        }
      }
    } finally {
      head.state.readLock().unlock();
    }
    // without the lock: pairs never change, and appends must not wait for a sort of millions
    series.sort((a, b) -> HeadIndex.compare(a.pairs(), b.pairs()));
    List<Integer> ids = new ArrayList<>(series.size());
    series.forEach(s -> ids.add(s.id()));
    return ids;
  }

  /** Writes late samples before {@code end} into blocks of their own, one per block range. */
  private List<LateSource.Entry> writeLate(long end, long blockMs, List<Block> into) {
    List<LateSource.Entry> entries;
    head.state.readLock().lock();
    try {
      if (head.late().isEmpty()) {
        return List.of();
      }
      entries =
          LateSource.capture(
                  head, head.index().all(), Long.MIN_VALUE, end - 1, SelectMemory.UNCOUNTED)
              .entries();
    } finally {
      head.state.readLock().unlock();
    }
    TreeMap<Long, List<LateSource.Entry>> byRange = new TreeMap<>();
    for (LateSource.Entry e : entries) {
      TreeMap<Long, List<LateSamples.Sample>> ranges = new TreeMap<>();
      for (LateSamples.Sample s : e.samples()) {
        ranges
            .computeIfAbsent(Math.floorDiv(s.timeMs(), blockMs) * blockMs, _ -> new ArrayList<>())
            .add(s);
      }
      ranges.forEach((start, samples) ->
          byRange
              .computeIfAbsent(start, _ -> new ArrayList<>())
              .add(new LateSource.Entry(e.id(), e.labels(), samples)));
    }
    byRange.forEach((start, list) -> {
      long started = System.nanoTime();
      String id = Ulid.next(System.currentTimeMillis(), random);
      try (BlockWriter writer = new BlockWriter(directory, id, counters)) {
        copy(new LateSource(list), writer);
        writer.finish(id, start, start + blockMs, 1, true, List.of(id), List.of());
        counters.compacted(started);
        into.add(new Block(directory.resolve(id)));
      } catch (IOException e) {
        throw new StorageException.Failed(
            "block " + directory.resolve(id) + ": cannot write: " + e, e);
      }
    });
    return entries;
  }

  // ---- compaction
  // --------------------------------------------------------------------------------

  /** Merges blocks until nothing is left to merge. */
  void compact(TsdbConfig config, BooleanSupplier stop) {
    while (!stop.getAsBoolean()) {
      List<Block> group = CompactionPlan.next(blocks, config);
      if (group.isEmpty()) {
        return;
      }
      merge(group);
    }
  }

  private void merge(List<Block> group) {
    long started = System.nanoTime();
    long min = Long.MAX_VALUE;
    long max = Long.MIN_VALUE;
    int level = 0;
    boolean late = true;
    Set<String> sources = new HashSet<>();
    List<String> parents = new ArrayList<>();
    long lastMax = Long.MIN_VALUE;
    boolean vertical = false;
    for (Block b : group) {
      vertical |= b.meta.minTimeMs() < lastMax;
      lastMax = Math.max(lastMax, b.meta.maxTimeMs());
      min = Math.min(min, b.meta.minTimeMs());
      max = Math.max(max, b.meta.maxTimeMs());
      level = Math.max(level, b.meta.level());
      late &= b.meta.late();
      sources.addAll(b.meta.sources());
      parents.add(b.meta.id());
    }
    String id = Ulid.next(System.currentTimeMillis(), random);
    List<BlockSource> open = new ArrayList<>();
    try (BlockWriter writer = new BlockWriter(directory, id)) {
      for (Block b : group) {
        open.add(new BlockSource(b, b.all(), Long.MIN_VALUE, Long.MAX_VALUE));
      }
      copyMerged(open, writer);
      List<Block> fresh = List.of();
      if (!writer.isEmpty()) {
        writer.finish(id, min, max, level + 1, late, sources.stream().sorted().toList(), parents);
        fresh = List.of(new Block(directory.resolve(id)));
      }
      replace(group, fresh);
    } catch (IOException e) {
      throw new StorageException.Failed(
          "block " + directory.resolve(id) + ": cannot write: " + e, e);
    } finally {
      open.forEach(SeriesSource::close);
    }
    counters.compacted(started);
    counters.add("vertical_compactions_total", vertical ? 1 : 0);
    log.debug("block {}: made of {}", id, parents);
  }

  private static void copyMerged(List<BlockSource> open, BlockWriter writer) throws IOException {
    MergedRows rows = new MergedRows(open);
    while (rows.nextSeries()) {
      while (rows.nextRows()) {
        writer.add(rows.rows());
      }
      writer.endSeries(rows.labels());
    }
  }

  /** Rewrites every block that has tombstones. */
  void rewriteWithoutTombstones(TsdbConfig config) {
    for (Block b : blocks) {
      if (b.tombstones().size() > 0) {
        merge(List.of(b));
      }
    }
  }

  // ---- retention and deletes
  // -----------------------------------------------------------------------

  /**
   * Deletes blocks that are too old or too much.
   *
   * @param nowMs ages count from the newest block, but never from the future: one wrong time must
   *     not age everything else
   */
  void applyRetention(TsdbConfig config, long logBytes, long nowMs) {
    List<Block> all = blocks;
    if (all.isEmpty()) {
      return;
    }
    List<Block> gone = new ArrayList<>();
    long newest = Math.min(nowMs, all.stream().mapToLong(b -> b.meta.maxTimeMs()).max().orElse(0));
    long retention = config.retentionTime().toMillis();
    if (retention > 0) {
      for (Block b : all) {
        if (newest - b.meta.maxTimeMs() >= retention) {
          gone.add(b);
          log.info(
              "block {}: deleted, its newest sample of {} is past the retention time of {}",
              b.meta.id(),
              Instant.ofEpochMilli(b.meta.maxTimeMs()),
              config.retentionTime());
        }
      }
      counters.add("time_retentions_total", gone.isEmpty() ? 0 : 1);
    }
    long limit = config.retentionSize().bytes();
    if (limit > 0) {
      long sum = logBytes;
      boolean any = false;
      for (int i = all.size() - 1; i >= 0; i--) {
        Block b = all.get(i);
        if (!gone.contains(b)) {
          sum += b.bytes;
          if (sum > limit) {
            gone.add(b);
            log.info(
                "block {}: deleted, blocks and log have {} bytes and the retention size is {}",
                b.meta.id(),
                sum,
                limit);
            any = true;
          }
        }
      }
      counters.add("size_retentions_total", any ? 1 : 0);
    }
    if (!gone.isEmpty()) {
      replace(gone, List.of());
    }
  }

  void delete(List<List<Matcher>> sets, long minTimeMs, long maxTimeMs) {
    Block.Row row = new Block.Row();
    for (Block b : blocks) {
      if (!b.overlaps(minTimeMs, maxTimeMs)) {
        continue;
      }
      TombstoneMap fresh = new TombstoneMap();
      Postings.selectAny(b, sets)
          .forEach(
              (IntConsumer)
                  id -> {
                    b.row(id, row);
                    if (Block.anyChunk(row, minTimeMs, maxTimeMs)) {
                      fresh.add(
                          id,
                          Math.max(minTimeMs, b.meta.minTimeMs()),
                          Math.min(maxTimeMs, b.meta.maxTimeMs() - 1));
                    }
                  });
      if (fresh.size() > 0) {
        try {
          b.delete(fresh);
        } catch (IOException e) {
          throw new StorageException.Failed(
              "block " + b.folder + ": cannot write the tombstones: " + e, e);
        }
      }
    }
  }

  void close() {
    List<Block> all;
    head.state.writeLock().lock();
    try {
      all = blocks;
      blocks = List.of();
    } finally {
      head.state.writeLock().unlock();
    }
    all.forEach(Block::release);
  }
}
