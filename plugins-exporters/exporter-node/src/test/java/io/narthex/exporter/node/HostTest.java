package io.narthex.exporter.node;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
final class HostTest {
  @Test
  void splitsALineAtBlanks() {
    assertThat(Host.words("  a\tbc   d\n")).containsExactly("a", "bc", "d");
    assertThat(Host.words("a")).containsExactly("a");
    assertThat(Host.words(" \t\n")).isEmpty();
    assertThat(Host.words("")).isEmpty();
  }

  @Test
  void readsNumbersThatOnlyFitWithoutSign() {
    assertThat(Host.unsigned("18446744073709551615")).isEqualTo(0x1p64);
    assertThat(Host.unsigned("-7")).isEqualTo(-7);
    assertThat(Host.hex("ffffffffffffffff")).isEqualTo(0x1p64);
    assertThat(Host.parse("0x1f")).isEqualTo(31);
    assertThat(Host.parse("N/A (no PMA)")).isNull();
  }

  @Test
  void writesAddressesAsUsual() {
    assertThat(Addresses.text(new byte[] {(byte) 192, (byte) 168, 0, 22}))
        .isEqualTo("192.168.0.22");
    byte[] v6 = new byte[16];
    assertThat(Addresses.text(v6)).isEqualTo("::");
    v6[15] = 1;
    assertThat(Addresses.text(v6)).isEqualTo("::1");
    v6[0] = 0x20;
    v6[1] = 1;
    v6[2] = 0x0d;
    v6[3] = (byte) 0xb8;
    assertThat(Addresses.text(v6)).isEqualTo("2001:db8::1");
    v6[6] = 1; // 2001:db8:0:100::1, the longer run is shortened
    assertThat(Addresses.text(v6)).isEqualTo("2001:db8:0:100::1");
  }

  @Test
  void readsWhatBcacheWritesForPeople() {
    assertThat(BcacheCollector.human("0")).isZero();
    assertThat(BcacheCollector.human("790.0k")).isEqualTo(790 * 1024);
    assertThat(BcacheCollector.human("1.1M")).isEqualTo(1_150_976);
    assertThat(BcachefsCollector.human("28.2k")).isEqualTo(28_876);
    assertThat(BcachefsCollector.human("44.5T")).isEqualTo(48_928_267_436_032.0);
  }

  @Test
  void knowsWhatRedundancyOfBtrfsTakes() {
    assertThat(BtrfsCollector.ratio("single", 3)).isEqualTo(1);
    assertThat(BtrfsCollector.ratio("raid1c4", 4)).isEqualTo(4);
    assertThat(BtrfsCollector.ratio("raid5", 3)).isEqualTo(1.5);
    assertThat(BtrfsCollector.ratio("raid6", 4)).isEqualTo(2);
  }
}
