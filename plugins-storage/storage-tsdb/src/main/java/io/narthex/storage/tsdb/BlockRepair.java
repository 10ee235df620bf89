package io.narthex.storage.tsdb;

import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.block.BlockMeta;
import io.narthex.storage.tsdb.block.BlockSource;
import io.narthex.storage.tsdb.block.BlockWriter;
import io.narthex.storage.tsdb.block.Blocks;
import io.narthex.storage.tsdb.block.Ulid;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.LocalDisk;
import io.narthex.storage.tsdb.select.MergedRows;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;

/**
 * Replaces a block that has damaged chunks by one with its whole chunks; the damaged block is kept
 * aside. One whose index is damaged is set aside when the database is opened.
 */
final class BlockRepair {
  private final Disk disk = LocalDisk.INSTANCE;
  private final Path blocks;
  private final PrintStream out;
  private final SecureRandom random = new SecureRandom();

  BlockRepair(Path blocks, PrintStream out) {
    this.blocks = blocks;
    this.out = out;
  }

  void run(Path folder) throws IOException {
    Block block = new Block(disk, folder);
    try {
      repair(block);
    } finally {
      block.release();
    }
  }

  private void repair(Block block) throws IOException {
    List<String> problems = new ArrayList<>();
    BlockSource source =
        new BlockSource(
            block,
            block.all(),
            Long.MIN_VALUE,
            Long.MAX_VALUE,
            e -> problems.add(String.valueOf(e.getMessage())));
    BlockMeta meta = block.meta;
    String id = Ulid.next(System.currentTimeMillis(), random);
    long samples = 0;
    try (BlockWriter writer = new BlockWriter(disk, blocks, id, null, () -> false)) {
      MergedRows rows = new MergedRows(List.of(source));
      while (rows.nextSeries()) {
        while (rows.nextRows()) {
          writer.add(rows.rows());
          samples += rows.rows().size;
        }
        writer.endSeries(rows.labels());
      }
      if (!writer.isEmpty()) {
        writer.finish(
            id,
            meta.minTimeMs(),
            meta.maxTimeMs(),
            meta.level(),
            meta.outOfOrder(),
            meta.sources(),
            meta.parents());
      }
    } finally {
      source.close();
    }
    Path aside = blocks.resolve(meta.id() + Blocks.DAMAGED);
    disk.rename(block.folder, aside);
    disk.forceDirectory(blocks);
    out.println(
        "repaired "
            + block.folder
            + ": "
            + problems.size()
            + " damaged chunks left out, "
            + samples
            + " of "
            + meta.samples()
            + " samples are in "
            + id
            + ", the damaged block is kept as "
            + aside);
  }
}
