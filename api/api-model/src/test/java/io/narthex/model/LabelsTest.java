package io.narthex.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class LabelsTest {
  private static String[] falling(int n) {
    String[] pairs = new String[2 * n];
    for (int i = 0; i < n; i++) {
      pairs[2 * i] = "l" + (9_999_999 - i);
      pairs[2 * i + 1] = "v" + i;
    }
    return pairs;
  }

  /** An insertion sort of these takes hours. */
  @Test
  void sortsAMillionLabelsInFallingOrder() {
    String[] pairs = falling(1_000_000);

    Labels labels =
        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(60), () -> Labels.of(pairs));

    assertThat(labels.size()).isEqualTo(1_000_000);
    assertThat(labels.name(0)).isEqualTo("l9000000");
    assertThat(labels.value(0)).isEqualTo("v999999");
  }

  @Test
  void sortsSetsOfEverySizeAlike() {
    Random random = new Random(7);
    for (int n = 1; n < 200; n++) {
      List<Integer> names = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        names.add(1000 + i);
      }
      Collections.shuffle(names, random);
      String[] pairs = new String[2 * n];
      for (int i = 0; i < n; i++) {
        pairs[2 * i] = "n" + names.get(i);
        pairs[2 * i + 1] = "v" + names.get(i);
      }
      Labels labels = Labels.of(pairs);
      for (int i = 0; i < n; i++) {
        assertThat(labels.name(i)).isEqualTo("n" + (1000 + i));
        assertThat(labels.value(i)).isEqualTo("v" + (1000 + i));
      }
    }
  }

  @Test
  void refusesANameThatComesTwiceInALargeSet() {
    String[] pairs = falling(100);
    pairs[2 * 99] = pairs[2 * 17];
    assertThatThrownBy(() -> Labels.of(pairs))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("occurs twice");
  }

  @Test
  void showsValuesAsGoQuotesThem() {
    assertThat(Labels.of("a", "\u0007\u200b\"é").toString()).isEqualTo("{a=\"\\a\\u200b\\\"é\"}");
    assertThat(Matcher.equal("a", "").toString()).isEqualTo("a=\"\"");
    assertThat(Matcher.notEqual("a", "\u000b").toString()).isEqualTo("a!=\"\\v\"");
  }
}
