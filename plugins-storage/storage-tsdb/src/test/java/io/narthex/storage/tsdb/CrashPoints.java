package io.narthex.storage.tsdb;

import io.narthex.model.Labels;
import io.narthex.model.Matcher;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.FailingDisk;
import io.narthex.storage.tsdb.io.ForgettingDisk;
import io.narthex.storage.tsdb.io.LocalDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Runs a short life of a database - appends, new series, out-of-order samples, deletes, blocks,
 * merges, checkpoints, retention, close and open - on a disk that stops, fails or loses power at a
 * given operation, and compares what is left with what was acknowledged.
 */
public final class CrashPoints {
  private static final long T0 = TestDb.T0;
  private static final long STEP_MS = 10_000;
  private static final int STEPS = 62;
  private static final int UPGRADE = 29;
  private static final int TRIES = 8;

  /** Series of floats and histograms: with each change a chunk is sealed. */
  private static final String MIXED = "mixed";

  private static final long RETENTION_MS = 300_000;

  /**
   * Small, so that pages of chunks are written to files within a life: some chunks to a page, or
   * some pages to a file.
   */
  private static final int[] PAGE_BYTES = {8, 100};

  private final Path folder;
  private final WalFiles format;
  private final boolean upgrades;
  private int runs;

  /**
   * Creates one.
   *
   * @param folder for files of the runs
   * @param framed whether the database has format 3
   */
  public CrashPoints(Path folder, boolean framed) {
    this(folder, framed, false);
  }

  private CrashPoints(Path folder, boolean framed, boolean upgrades) {
    this.folder = folder;
    this.upgrades = upgrades;
    format = new WalFiles(framed);
  }

  /** Creates one of a database that is changed from format 1 to 2 on its way. */
  public static CrashPoints upgraded(Path folder) {
    return new CrashPoints(folder, false, true);
  }

  /** Thrown when the process of a run would not live any more. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  private static TsdbConfig config(String fsync) {
    return new TsdbConfig(
        Duration.ofMillis(RETENTION_MS),
        new ByteSize(0),
        Duration.ofMinutes(1),
        Duration.ofMinutes(9),
        Duration.ofMinutes(2),
        fsync,
        new ByteSize(900),
        10,
        false);
  }

  /** A life of a database. */
  private static final class Life {
    private final FailingDisk disk;
    private final Path root;
    private final TsdbConfig config;
    private final CrashModel model;
    private final boolean upgrades;
    private final int pageBytes;
    private TsdbStorage db;

    Life(
        FailingDisk disk,
        Path root,
        TsdbConfig config,
        CrashModel model,
        boolean upgrades,
        int pageBytes) {
      this.disk = disk;
      this.upgrades = upgrades;
      this.root = root;
      this.config = config;
      this.model = model;
      this.pageBytes = pageBytes;
      db = open();
    }

    private void checkAlive() {
      if (disk.isStopped()) {
        throw new Killed();
      }
    }

    private TsdbStorage open() {
      for (int i = 0; ; i++) {
        checkAlive();
        try {
          return TestDb.open(root, config, disk, pageBytes);
        } catch (StorageException e) {
          checkAlive();
          if (i == TRIES) {
            throw e;
          }
        }
      }
    }

    void run() {
      try {
        for (int k = 0; k < STEPS; k++) {
          step(k);
        }
        try {
          db.close();
        } catch (StorageException.Failed e) {
          // it is closed all the same
        }
        checkAlive();
        db = open();
        for (int k = STEPS; k < STEPS + 5; k++) {
          step(k);
        }
      } catch (Killed e) {
        // what has not been acknowledged by now never is
      }
    }

    private void step(int k) {
      long t = T0 + k * STEP_MS;
      List<Labels> series = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        series.add(TestDb.series("m", i));
      }
      series.add(TestDb.series("churn", k / 7));
      series.add(TestDb.series(MIXED, 0));
      series.add(TestDb.series(MIXED, 1));
      append(series, t, k);
      if (k % 5 == 4) {
        append(List.of(TestDb.series("m", 1), TestDb.series("m", 2)), t - 35_001, k + 1000);
      }
      if (k % 20 == 17) {
        delete(TestDb.series("m", 0), t - 70_000, t - 20_000);
      }
      if (k % 4 == 3) {
        attempt(() -> {
          db.forceWal();
          model.forced();
        });
      }
      if (k % 9 == 8) {
        db.maintain();
        checkAlive();
      }
      if (k == 45) {
        attempt(db::cleanTombstones);
      }
      if (k >= UPGRADE && upgrades) {
        attempt(db::upgrade);
      }
    }

    /** Tries once; what fails must say so in the terms of a storage. */
    private boolean attempt(Runnable work) {
      try {
        work.run();
        checkAlive();
        return true;
      } catch (StorageException.Failed e) {
        checkAlive();
        return false;
      }
    }

    private void append(List<Labels> series, long t, double value) {
      for (int i = 0; i <= TRIES; i++) {
        double v = value + i / 16.0; // another value after a refusal: the first must not win
        SampleBatch batch = new SampleBatch(series.size());
        boolean sent =
            attempt(() -> {
              for (Labels s : series) {
                model.sent(s, t, v);
                if (s.get("__name__").equals(MIXED) && value % 3 != 0) {
                  batch.add(db.resolve(s), t, CrashModel.histogram(v));
                } else {
                  batch.add(db.resolve(s), t, v);
                }
              }
              AppendResult result = db.append(batch);
              checkAlive();
              if (!result.allOk()) {
                throw new IllegalStateException("append at " + t + ": refused");
              }
            });
        if (sent) {
          series.forEach(s -> model.acknowledged(s, t, v));
          return;
        }
      }
      throw new IllegalStateException("appends do not work again");
    }

    private void delete(Labels series, long from, long to) {
      for (int i = 0; i <= TRIES; i++) {
        boolean done =
            attempt(() -> {
              model.deleting(series, from, to);
              db.delete(
                  List.of(
                      List.of(Matcher.equal("__name__", "m"), Matcher.equal("i", series.get("i")))),
                  from,
                  to);
            });
        if (done) {
          model.deleted(series, from, to);
          return;
        }
      }
      throw new IllegalStateException("deletes do not work again");
    }

    /** Looks at what is served at the end, unless a block could not be read at the start. */
    List<String> checkLiving() {
      boolean whole = db.counters().get("narthex_tsdb_damaged_total{file=\"block\"}") == 0;
      return whole ? model.check(TestDb.all(db)) : List.of();
    }

    void end() {
      db.crash();
    }
  }

  /** Returns how many operations a life takes. */
  public long operations() {
    Path root = folder.resolve("count");
    ForgettingDisk below = new ForgettingDisk(root);
    format.prepare(below, root);
    FailingDisk disk = new FailingDisk(below);
    CrashModel model = new CrashModel(RETENTION_MS, true);
    Life life = new Life(disk, root, config("always"), model, upgrades, PAGE_BYTES[0]);
    life.run();
    life.end();
    return disk.operations();
  }

  /** Stops at an operation, as a kill does, and opens the folder again. */
  public List<String> stop(long at, boolean onRealDisk, String fsync) {
    Path root = folder.resolve("stop" + runs++);
    Disk below = onRealDisk ? LocalDisk.INSTANCE : new ForgettingDisk(root);
    FailingDisk disk = new FailingDisk(below).stopAt(at);
    CrashModel model = new CrashModel(RETENTION_MS, true);
    return live("stop at operation " + at, disk, below, root, config(fsync), model, () -> {});
  }

  /** Fails a few operations, and opens the folder again after the life. */
  public List<String> fail(long from, int count, String fsync) {
    Path root = folder.resolve("fail" + runs++);
    Disk below = new ForgettingDisk(root);
    FailingDisk disk = new FailingDisk(below).failAt(from, from + count - 1);
    CrashModel model = new CrashModel(RETENTION_MS, true);
    String what = "failure of " + count + " operations from " + from;
    return live(what, disk, below, root, config(fsync), model, () -> {});
  }

  /** Cuts the power at an operation, and opens what is left. */
  public List<String> powerCut(long at, long seed, String fsync) {
    Path root = folder.resolve("power" + runs++);
    ForgettingDisk below = new ForgettingDisk(root);
    FailingDisk disk = new FailingDisk(below).stopAt(at);
    CrashModel model = new CrashModel(RETENTION_MS, fsync.equals("always"));
    String what = "power cut at operation " + at + " with seed " + seed + " and " + fsync;
    return live(
        what, disk, below, root, config(fsync), model, () -> below.powerCut(new Random(seed)));
  }

  private List<String> live(
      String what,
      FailingDisk disk,
      Disk below,
      Path root,
      TsdbConfig config,
      CrashModel model,
      Runnable afterwards) {
    List<String> problems = new ArrayList<>();
    int pageBytes = PAGE_BYTES[runs % PAGE_BYTES.length];
    try {
      format.prepare(below, root);
      try {
        Life life = new Life(disk, root, config, model, upgrades, pageBytes);
        life.run();
        if (!disk.isStopped()) {
          problems.addAll(life.checkLiving());
        }
        life.end();
      } catch (Killed e) {
        // killed while it was opened for the first time
      }
      afterwards.run();
      TsdbStorage db = TestDb.open(root, config, below, pageBytes);
      try {
        problems.addAll(model.check(TestDb.all(db)));
        db.maintain();
        problems.addAll(model.check(TestDb.all(db)));
        byte code = TestDb.append(db, TestDb.series("m", 0), T0 + (STEPS + 9) * STEP_MS, 1);
        if (code != AppendResult.OK) {
          problems.add("an append afterwards is refused: " + code);
        }
      } finally {
        db.crash();
      }
      Directories.deleteTree(LocalDisk.INSTANCE, root);
    } catch (RuntimeException | IOException e) {
      java.io.StringWriter trace = new java.io.StringWriter();
      e.printStackTrace(new java.io.PrintWriter(trace));
      problems.add(trace.toString());
    }
    return problems.stream().map(p -> what + " (" + disk.firstFailed() + "): " + p).toList();
  }
}
