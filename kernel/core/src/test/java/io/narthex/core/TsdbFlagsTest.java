package io.narthex.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.core.config.ConfigFiles;
import io.narthex.core.config.Flags;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TsdbFlagsTest {
  @TempDir Path folder;

  private Map<String, String> settings(String yaml, String... flags) throws IOException {
    Files.writeString(folder.resolve("prometheus.yml"), yaml);
    List<String> all = new ArrayList<>(List.of(flags));
    all.add("--config.file=" + folder.resolve("prometheus.yml"));
    all.add("--storage.tsdb.path=" + folder.resolve("not/made/yet"));
    Flags parsed = Flags.parse(all);
    return TsdbFlags.settings(parsed, new ConfigFiles(parsed).load().snapshot().prometheus());
  }

  @Test
  void fifteenDaysAreTheDefaultWithoutAnyLimit() throws IOException {
    assertThat(settings("global: {}\n"))
        .containsEntry("retention_time", "15d")
        .doesNotContainKey("retention_size");
  }

  @Test
  void aSizeAloneMeansAnyAge() throws IOException {
    assertThat(settings("global: {}\n", "--storage.tsdb.retention.size=500GB"))
        .containsEntry("retention_time", "0s")
        .containsEntry("retention_size", "500GB");
    assertThat(settings("storage: {tsdb: {retention: {size: 5GB}}}\n"))
        .containsEntry("retention_time", "0s");
  }

  @Test
  void aPercentageIsAShareOfTheDisk() throws IOException {
    Map<String, String> all =
        settings("storage: {tsdb: {retention: {percentage: 50, size: 1GB}}}\n");
    long half = folder.toFile().getTotalSpace() / 2;
    assertThat(all).containsEntry("retention_time", "0s");
    String size = all.getOrDefault("retention_size", "");
    assertThat(Long.parseLong(size.substring(0, size.length() - 1)))
        .isBetween(half - half / 100, half + half / 100);
  }

  @Test
  void keysOfTheFileReachTheStorage() throws IOException {
    assertThat(
            settings(
                "storage: {tsdb: {out_of_order_time_window: 30m, stale_series_compaction_threshold: 0.00025}, exemplars: {max_exemplars: 7}}\n",
                "--storage.tsdb.retention=9d"))
        .containsEntry("out_of_order_time_window", "30m")
        .containsEntry("max_exemplars", "7")
        .containsEntry("stale_series_compaction_threshold", "0.00025")
        .containsEntry("retention_time", "9d");
  }

  @Test
  void blockAndSegmentFlagsReachTheStorage() throws IOException {
    assertThat(
            settings(
                "global: {}\n",
                "--storage.tsdb.min-block-duration=30m",
                "--storage.tsdb.max-block-duration=1d",
                "--storage.tsdb.wal-segment-size=32MB"))
        .containsEntry("min_block_duration", "30m")
        .containsEntry("max_block_duration", "1d")
        .containsEntry("wal_segment_size", "32MB");
    assertThat(settings("global: {}\n"))
        .doesNotContainKey("wal_segment_size")
        .doesNotContainKey("no_lockfile");
    assertThat(settings("global: {}\n", "--storage.tsdb.no-lockfile"))
        .containsEntry("no_lockfile", "true");
  }
}
