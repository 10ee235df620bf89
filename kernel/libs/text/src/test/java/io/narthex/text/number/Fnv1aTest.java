package io.narthex.text.number;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class Fnv1aTest {
  @Test
  void givesThePublishedHashes() {
    assertThat(Fnv1a.of("")).isEqualTo(0xcbf29ce484222325L);
    assertThat(Fnv1a.of("a")).isEqualTo(0xaf63dc4c8601ec8cL);
    assertThat(Fnv1a.of("foobar")).isEqualTo(0x85944171f73967e8L);
    assertThat(Fnv1a.add(Fnv1a.of("foo"), "bar")).isEqualTo(Fnv1a.of("foobar"));
    assertThat(Fnv1a.of("\u00e9"))
        .isEqualTo(Fnv1a.add(Fnv1a.add(Fnv1a.EMPTY, (byte) 0xc3), (byte) 0xa9));
  }
}
