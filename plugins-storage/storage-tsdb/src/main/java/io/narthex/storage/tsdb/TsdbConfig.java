package io.narthex.storage.tsdb;

import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.Setting;
import java.time.Duration;

/**
 * Settings of the local database.
 *
 * @param retentionTime how long samples are kept, by the newest block; zero = no limit
 * @param retentionSize most bytes of blocks and WAL; zero = no limit
 * @param minBlockDuration length of a block made from the head
 * @param maxBlockDuration longest block that compaction makes; zero = a tenth of the retention
 *     time, at most 31 days
 * @param outOfOrderTimeWindow how far behind the newest sample one may be out of order
 * @param walFsync when the WAL is forced to the disk
 * @param walSegmentSize bytes after which a new WAL segment begins
 * @param maxExemplars over all series; 0 or less = none are kept
 * @param noLockfile whether the folder is left unlocked
 * @param staleSeriesCompactionThreshold share of the series of the head that have ended from which
 *     on these are written into blocks at once, 0 to 1; 0 = with the others
 */
public record TsdbConfig(
    @Setting(
            help =
                "How long samples are kept, measured from the newest block; 0s = no limit by time.",
            defaultValue = "15d",
            min = 0)
        Duration retentionTime,
    @Setting(
            help = "Most bytes of blocks and WAL together; 0 = no limit by size.",
            defaultValue = "0",
            min = 0)
        ByteSize retentionSize,
    @Setting(help = "Length of a block made from the head.", defaultValue = "2h", min = 60)
        Duration minBlockDuration,
    @Setting(
            help =
                "Longest block that compaction makes; 0s = a tenth of the retention time, at most"
                    + " 31d.",
            defaultValue = "0s",
            min = 0)
        Duration maxBlockDuration,
    @Setting(
            help = "How far behind the newest sample an out-of-order sample may be; 0s = refuse.",
            defaultValue = "0s",
            min = 0)
        Duration outOfOrderTimeWindow,
    @Setting(
            help =
                "When the WAL is forced to the disk: \"always\" = before each append returns,"
                    + " \"never\" = when a segment ends, else at this interval.",
            defaultValue = "1s")
        String walFsync,
    @Setting(
            help = "Bytes after which a new WAL segment begins.",
            defaultValue = "64MB",
            min = 1024)
        ByteSize walSegmentSize,
    @Setting(
            help = "Most exemplars kept over all series; 0 or less = none.",
            defaultValue = "100000")
        int maxExemplars,
    @Setting(
            help =
                "Whether the folder is left unlocked, for file systems without locks; see to it that"
                    + " no other server uses it.",
            defaultValue = "false")
        boolean noLockfile,
    @Setting(
            help =
                "Share of series in the head that have ended from which on these go into blocks at"
                    + " once; 0 = with the others.",
            defaultValue = "0",
            min = 0,
            max = 1)
        double staleSeriesCompactionThreshold) {

  /** The default settings. */
  public static final TsdbConfig DEFAULT =
      new TsdbConfig(
          Duration.ofDays(15),
          new ByteSize(0),
          Duration.ofHours(2),
          Duration.ZERO,
          Duration.ZERO,
          "1s",
          new ByteSize(64 << 20),
          100000,
          false);

  /** Creates settings under which series that have ended leave the head with the others. */
  public TsdbConfig(
      Duration retentionTime,
      ByteSize retentionSize,
      Duration minBlockDuration,
      Duration maxBlockDuration,
      Duration outOfOrderTimeWindow,
      String walFsync,
      ByteSize walSegmentSize,
      int maxExemplars,
      boolean noLockfile) {
    this(
        retentionTime,
        retentionSize,
        minBlockDuration,
        maxBlockDuration,
        outOfOrderTimeWindow,
        walFsync,
        walSegmentSize,
        maxExemplars,
        noLockfile,
        0);
  }

  /** Returns these settings with another share of series that have ended. */
  TsdbConfig withStaleSeriesCompactionThreshold(double share) {
    return new TsdbConfig(
        retentionTime,
        retentionSize,
        minBlockDuration,
        maxBlockDuration,
        outOfOrderTimeWindow,
        walFsync,
        walSegmentSize,
        maxExemplars,
        noLockfile,
        share);
  }

  long blockMs() {
    return minBlockDuration.toMillis();
  }

  /** Longest block that compaction makes, milliseconds. */
  long maxBlockMs() {
    long limit = maxBlockDuration.toMillis();
    if (limit == 0) {
      long retention = retentionTime.toMillis();
      limit = Duration.ofDays(31).toMillis();
      if (retention > 0) {
        limit = Math.min(limit, retention / 10);
      }
    }
    return Math.max(limit, blockMs());
  }
}
