package io.narthex.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.core.config.Flags;
import io.narthex.core.config.PrometheusConfigLoader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TsdbFlagsTest {
  private static Map<String, String> settings(String yaml, String... flags) {
    return TsdbFlags.settings(
        Flags.parse(List.of(flags)),
        new PrometheusConfigLoader(name -> null, false).parse("p.yml", yaml, Path.of(".")));
  }

  @Test
  void aLimitBySizeAloneDeletesNothingForItsAge() {
    assertThat(settings("", "--storage.tsdb.retention.size=500GB"))
        .containsEntry("retention_size", "500GB")
        .containsEntry("retention_time", "0s");
    assertThat(settings("storage: {tsdb: {retention: {size: 1GB}}}"))
        .containsEntry("retention_time", "0s");
    assertThat(settings("")).containsEntry("retention_time", "15d");
    assertThat(
            settings("", "--storage.tsdb.retention.size=5GB", "--storage.tsdb.retention.time=3d"))
        .containsEntry("retention_time", "3d");
  }

  @Test
  void blockAndSegmentFlagsReachTheStorage() {
    assertThat(
            settings(
                "", "--storage.tsdb.max-block-duration=1d", "--storage.tsdb.wal-segment-size=32MB"))
        .containsEntry("max_block_duration", "1d")
        .containsEntry("wal_segment_size", "32MB");
    assertThat(settings("")).doesNotContainKey("wal_segment_size");
  }
}
