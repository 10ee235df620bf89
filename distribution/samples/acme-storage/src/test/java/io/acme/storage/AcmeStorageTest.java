package io.acme.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Matcher;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.testkit.storage.StorageKit;
import io.narthex.testkit.storage.StoredSeries;
import io.narthex.testkit.swap.PluginSwap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

class AcmeStorageTest extends StorageKit {
  private static final Matcher UP = Matcher.equal("__name__", "up");
  private static final long HOUR_MS = 3_600_000;

  @Override
  protected Storage open(StorageContext context) {
    return new AcmeStorageProvider().open(new AcmeConfig(Duration.ofHours(6)), context);
  }

  @Override
  protected boolean isPersistent() {
    return true;
  }

  @Test
  @Override
  @Disabled("keeps no exemplars, as the README says")
  protected void keepsExemplars() {}

  @Test
  @Override
  @Disabled("keeps no exemplars, as the README says")
  protected void refusesOldAndLongExemplars() {}

  private List<Path> segments() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("acme-storage"))) {
      return files.sorted().toList();
    }
  }

  @Test
  void forgetsWhatIsPastTheRetention() throws IOException {
    append(up("old"), T0, 1);
    for (int i = 0; i <= 40; i++) {
      append(up("a"), T0 + i * HOUR_MS / 2, i);
    }
    long newest = T0 + 20 * HOUR_MS;
    assertThat(append(up("late"), newest - 6 * HOUR_MS - 1, 1))
        .isEqualTo(AppendResult.OUT_OF_BOUNDS);
    assertThat(append(up("late"), newest - 6 * HOUR_MS, 1)).isEqualTo(AppendResult.OK);
    List<StoredSeries> kept = all(UP);
    assertThat(kept).extracting(StoredSeries::labels).containsExactly(up("a"), up("late"));
    assertThat(kept.get(0).samples().size()).isBetween(13, 20);
    assertThat(segments().size()).as("segments").isBetween(2, 12);
    assertThat(segments().get(0).endsWith("00000001.log")).as("the first is deleted").isFalse();
    List<StoredSeries> ofRetention = range(newest - 6 * HOUR_MS, newest, UP);
    assertThat(ofRetention.get(0).samples()).hasSize(13);
    reopen();
    assertThat(all(UP).get(0).samples()).as("samples of the retention").hasSizeLessThan(20);
    assertThat(range(newest - 6 * HOUR_MS, newest, UP)).isEqualTo(ofRetention);
  }

  /** A crash may leave the last frame half written; cut at every byte, all others are there. */
  @Test
  void leavesOutWhatACrashHasCut() throws IOException {
    append(up("a"), T0, 1);
    append(up("a"), T0 + 1, 2);
    storage.close();
    Path segment = segments().get(0);
    byte[] two = Files.readAllBytes(segment);
    reopen();
    append(up("a"), T0 + 2, 3);
    storage.close();
    assertThat(segments()).hasSize(2);
    Files.delete(segments().get(1));
    int second = two.length - 37; // head, kind, series, times, value
    for (int length = two.length; length >= second; length--) {
      Files.write(segment, java.util.Arrays.copyOf(two, length));
      reopen();
      assertThat(all(UP))
          .as("%d of %d bytes", length, two.length)
          .containsExactly(
              length == two.length
                  ? StoredSeries.floats(up("a"), T0, 1, T0 + 1, 2)
                  : StoredSeries.floats(up("a"), T0, 1));
    }
    byte[] damaged = two.clone();
    damaged[second + 20] ^= 1;
    Files.write(segment, damaged);
    reopen();
    assertThat(all(UP)).containsExactly(StoredSeries.floats(up("a"), T0, 1));
    assertThat(append(up("a"), T0 + 1, 7)).isEqualTo(AppendResult.OK);
    reopen();
    assertThat(all(UP)).containsExactly(StoredSeries.floats(up("a"), T0, 1, T0 + 1, 7));
  }

  @Test
  void noSampleIsLostWhenItIsReplaced() {
    PluginSwap.swap(AcmeStorageProvider.class).losesNoSample(true);
  }
}
