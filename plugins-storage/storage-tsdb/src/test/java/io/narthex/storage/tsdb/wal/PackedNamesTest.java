package io.narthex.storage.tsdb.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.storage.tsdb.NodeLikeData;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PackedNamesTest {
  private final PackedNames packed = new PackedNames();
  private final Map<Integer, Labels> written = new HashMap<>();
  private final ByteSink record = new ByteSink(64);
  private final ByteSink out = new ByteSink(64);

  private void fill(int series) {
    SharedLabels writer = new SharedLabels();
    writer.begin();
    for (int i = 0; i < series; i++) {
      written.put(i, NodeLikeData.labels(i / 1000, i % 1000));
      writer.write(i, NodeLikeData.labels(i / 1000, i % 1000), record);
    }
  }

  private static ByteSource source(ByteSink of) {
    return new ByteSource(of.data, 0, of.size);
  }

  @Test
  void namesOfABatchTakeAQuarterOfTheirBytes() {
    fill(2000);
    assertThat(packed.write(record, out)).isTrue();
    assertThat(out.size).isLessThan(record.size / 4);
    Map<Integer, Labels> found = new HashMap<>();
    new SharedLabels().read(packed.read(source(out)), found::put);
    assertThat(found).isEqualTo(written);
  }

  @Test
  void leavesAloneWhatWouldNotBecomeSmaller() {
    fill(2);
    out.u8(1);
    assertThat(packed.write(record, out)).as("few").isFalse();
    byte[] noise = new byte[5000];
    new Random(1).nextBytes(noise);
    record.bytes(noise, 0, noise.length);
    record.size = 0;
    record.bytes(noise, 0, noise.length);
    assertThat(packed.write(record, out)).as("random").isFalse();
    record.bytes(new byte[2 << 20], 0, 2 << 20);
    assertThat(packed.write(record, out)).as("more than a reader takes").isFalse();
    assertThat(out.size).isEqualTo(1);
  }

  @Test
  void refusesWhatIsNotWhole() {
    fill(100);
    assertThat(packed.write(record, out)).isTrue();
    byte[] bytes = Arrays.copyOf(out.data, out.size);
    for (int n = 0; n < bytes.length; n++) {
      ByteSource cut = new ByteSource(bytes, 0, n);
      assertThatThrownBy(() -> packed.read(cut)).isInstanceOf(ByteSource.Malformed.class);
    }
  }

  @Test
  void refusesSizesBeforeItMakesRoomForThem() {
    ByteSink claim = new ByteSink(64);
    claim.varint(1 << 20);
    claim.u8(3);
    assertThatThrownBy(() -> packed.read(source(claim)))
        .isInstanceOf(ByteSource.Malformed.class)
        .hasMessageContaining("1048576 bytes in 1");
    claim.clear();
    claim.varint((1 << 20) + 1);
    claim.bytes(new byte[100_000], 0, 100_000);
    assertThatThrownBy(() -> packed.read(source(claim)))
        .isInstanceOf(ByteSource.Malformed.class)
        .hasMessageContaining("at most 1048576");
  }
}
