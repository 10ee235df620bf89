package io.narthex.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProofTest {
  @Test
  void optionsAreNumbersAndOthersAreRefused() throws IOException {
    Map<String, Long> defaults = Map.of("damages", 60L);
    Proof proof = new Proof("x", List.of("folder", "--damages=7", "--seed=3"), defaults);
    Files.delete(proof.folder());
    assertThat(proof.number("damages")).isEqualTo(7);
    assertThat(proof.number("seed")).isEqualTo(3);
    for (String wrong : new String[] {"--hours=1", "damages=1", "--damages", "-keep"}) {
      assertThatThrownBy(() -> new Proof("x", List.of("folder", wrong), defaults))
          .hasMessage("x: unknown option \"" + wrong + "\"; one of --damages=N --seed=N --keep");
    }
    assertThatThrownBy(() -> new Proof("x", List.of("folder", "--seed=many"), defaults))
        .hasMessage("x: a whole number is wanted, got \"--seed=many\"");
  }

  @Test
  void optionsMayBeTextsAndFlags() throws IOException {
    Proof.Options options =
        new Proof.Options(Map.of("steps", 1L), Map.of("only", ""), List.of("verbose"));
    Proof proof = new Proof("x", List.of("folder", "--only=kills", "--verbose"), options);
    Files.delete(proof.folder());
    assertThat(proof.text("only")).isEqualTo("kills");
    assertThat(proof.flag("verbose")).isTrue();
    assertThat(proof.flag("keep")).isFalse();
    assertThatThrownBy(() -> new Proof("x", List.of("folder", "--loud"), options))
        .hasMessage(
            "x: unknown option \"--loud\"; one of --steps=N --seed=N --only=TEXT --verbose --keep");
  }

  @Test
  void aProofHasPassedUntilSomethingDoesNotHold() throws IOException {
    Proof proof = new Proof("x", List.of("folder"), Map.of());
    Files.delete(proof.folder());
    proof.verdict("one", "good", List.of());
    assertThat(proof.passed()).isTrue();
    proof.verdict("two", "bad", List.of("why"));
    proof.verdict("three", "good", List.of());
    assertThat(proof.passed()).isFalse();
  }
}
