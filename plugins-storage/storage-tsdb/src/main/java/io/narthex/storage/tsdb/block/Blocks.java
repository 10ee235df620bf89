package io.narthex.storage.tsdb.block;

import io.narthex.model.Matcher;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.index.Query;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.storage.tsdb.tombstones.TombstoneMap;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.roaringbitmap.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The blocks of the database. The list is guarded by the head's state lock; everything that makes
 * or removes blocks runs under the storage's maintenance lock.
 */
public final class Blocks {
  private static final Logger log = LoggerFactory.getLogger(Blocks.class);

  /** Ends the name of a folder that is no block any more because it is damaged. */
  public static final String DAMAGED = ".damaged";

  private final Disk disk;
  private final Path directory;
  private final ReentrantReadWriteLock state;
  private final Counters counters;
  private volatile List<Block> blocks;
  private int setAside;

  /**
   * Opens the blocks of a folder.
   *
   * @param state the head's state lock
   */
  public Blocks(Disk disk, Path directory, ReentrantReadWriteLock state, Counters counters) {
    this.disk = disk;
    this.directory = directory;
    this.state = state;
    this.counters = counters;
    blocks = load();
    counters.add("reloads_total", 1);
  }

  private List<Block> load() {
    List<Block> found = new ArrayList<>();
    boolean complete = false;
    try {
      for (Path p : disk.list(directory)) {
        String name = p.getFileName().toString();
        if (isTemporary(name)) {
          // a crash kept it from being finished, or deleted
          removeLeftover(p, Directories::deleteTree);
        } else if (Ulid.isUlid(name)) {
          Block block = openOrSetAside(p);
          if (block != null) {
            found.add(block);
          }
        } else if (name.endsWith(DAMAGED)) {
          setAside++;
        }
      }
      List<Block> live = new ArrayList<>();
      for (Block b : found) {
        if (isReplaced(b, found)) {
          b.deleteWhenReleased(); // something kept it from being deleted
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

  /**
   * Opens a block. A damaged one is renamed, so that the next start needs not look at it; one that
   * is whole but cannot be opened stays, as the reason may be gone by then.
   */
  private @Nullable Block openOrSetAside(Path folder) {
    try {
      return new Block(disk, folder);
    } catch (RuntimeException e) {
      counters.add(Counters.damageOf("block"), 1);
      boolean whole = disk.exists(folder.resolve("index")) && disk.exists(folder.resolve("chunks"));
      if (e instanceof StorageException.Failed && whole) {
        log.error("{}; its samples are missing until the next start", e.getMessage());
        return null;
      }
      Path aside = folder.resolveSibling(folder.getFileName() + DAMAGED);
      try {
        disk.rename(folder, aside);
        disk.forceDirectory(directory);
        setAside++;
        log.error("{}; its samples are missing, set aside as {}", e.getMessage(), aside);
      } catch (IOException io) {
        log.error(
            "{}; its samples are missing, and it cannot be set aside: {}",
            e.getMessage(),
            io.toString());
      }
      return null;
    }
  }

  /** Returns how many damaged blocks lie aside. */
  public int setAside() {
    return setAside;
  }

  private static boolean isTemporary(String name) {
    int end = name.length() - Directories.TEMPORARY.length();
    return name.endsWith(Directories.TEMPORARY) && Ulid.isUlid(name.substring(0, end));
  }

  /**
   * Returns whether another block was made of this one, perhaps by way of blocks that are gone: it
   * has the same level 1 blocks in it and a higher level.
   */
  private static boolean isReplaced(Block block, List<Block> all) {
    BlockMeta m = block.meta;
    for (Block other : all) {
      BlockMeta o = other.meta;
      boolean later = o.level() > m.level() && new HashSet<>(o.sources()).containsAll(m.sources());
      if (other != block && (later || o.parents().contains(m.id()))) {
        return true;
      }
    }
    return false;
  }

  private static final Comparator<Block> ORDER =
      Comparator.<Block>comparingLong(b -> b.meta.minTimeMs())
          // where both have a time, the sample that came in order is read
          .thenComparing(b -> b.meta.outOfOrder())
          .thenComparingLong(b -> b.meta.maxTimeMs())
          .thenComparing(b -> b.meta.id());

  /** Returns the blocks by time. */
  public List<Block> list() {
    return blocks;
  }

  /** Returns the end of the newest block made in order, or {@code Long.MIN_VALUE}. */
  public long newestMaxMs() {
    return blocks.stream()
        .filter(b -> !b.meta.outOfOrder())
        .mapToLong(b -> b.meta.maxTimeMs())
        .max()
        .orElse(Long.MIN_VALUE);
  }

  /** Returns the folder of all blocks. */
  public Path directory() {
    return directory;
  }

  /** Opens a block that has just been written; one that cannot be opened is deleted. */
  public Block open(String id) {
    Path folder = directory.resolve(id);
    boolean opened = false;
    try {
      Block block = new Block(disk, folder);
      opened = true;
      return block;
    } finally {
      if (!opened) {
        removeLeftover(folder, Directories::remove);
      }
    }
  }

  private interface Removal {
    void remove(Disk disk, Path folder) throws IOException;
  }

  private void removeLeftover(Path folder, Removal removal) {
    try {
      removal.remove(disk, folder);
    } catch (IOException e) {
      log.warn("block {}: cannot delete, left behind: {}", folder, e.toString());
    }
  }

  /** Adds blocks. Under the head's state write lock. */
  public void add(List<Block> fresh) {
    if (!fresh.isEmpty()) {
      swap(List.of(), fresh);
    }
  }

  private void swap(List<Block> gone, List<Block> fresh) {
    List<Block> next = new ArrayList<>(blocks);
    next.removeAll(gone);
    next.addAll(fresh);
    next.sort(ORDER);
    blocks = List.copyOf(next);
    counters.add("reloads_total", 1);
  }

  /** Replaces blocks, and deletes those that are gone when their last reader releases them. */
  public void replace(List<Block> gone, List<Block> fresh) {
    state.writeLock().lock();
    try {
      swap(gone, fresh);
    } finally {
      state.writeLock().unlock();
    }
    for (Block b : gone) {
      b.deleteWhenReleased();
      b.release();
    }
  }

  // ---- reading -------------------------------------------------------------------------------

  /** Keeps the blocks of a range readable until that is closed. */
  public PinnedBlocks pin(long minTimeMs, long maxTimeMs) {
    state.readLock().lock();
    try {
      return new PinnedBlocks(blocks, minTimeMs, maxTimeMs);
    } finally {
      state.readLock().unlock();
    }
  }

  // ---- changes -------------------------------------------------------------------------------

  public void delete(List<List<Matcher>> sets, long minTimeMs, long maxTimeMs) {
    Block.Row row = new Block.Row();
    List<Query> queries = Query.ofEach(sets);
    for (Block b : blocks) {
      if (!b.overlaps(minTimeMs, maxTimeMs)) {
        continue;
      }
      TombstoneMap fresh = new TombstoneMap();
      Query.selectAny(b, queries)
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

  public void close() {
    List<Block> all;
    state.writeLock().lock();
    try {
      all = blocks;
      blocks = List.of();
    } finally {
      state.writeLock().unlock();
    }
    all.forEach(Block::release);
  }
}
