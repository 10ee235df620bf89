package io.narthex.core.updates;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelTrialTest {
  @TempDir private Path folder = Path.of("");

  private KernelTrial trial() {
    return new KernelTrial(folder);
  }

  /** Returns what the server remembers: two updates. */
  private KernelPins pins() {
    KernelPins pins = new KernelPins(folder.resolve("kernel.properties"));
    pins.pin("io.a", folder.resolve("former/io.a/2.jar"), "aa");
    pins.pin("io.b", folder.resolve("former/io.b/3.jar"), "bb");
    return pins;
  }

  @Test
  void pinsAreFoundAgain() {
    assertThat(pins().ids()).containsExactly("io.a", "io.b");
    assertThat(pins().jar("io.a")).isEqualTo("former/io.a/2.jar");
    assertThat(pins().path("io.a")).isEqualTo(folder.resolve("former/io.a/2.jar").toAbsolutePath());
  }

  @Test
  void failureCountsForTheVeryJarUntilItIsForgotten() {
    assertThat(trial().failures(pins())).isEmpty();
    trial().fail("io.a", "former/io.a/2.jar", "shut");
    trial().fail("io.b", "former/io.b/2.jar", "of the version before");
    trial().fail("io.c", "former/io.c/2.jar", "of one that is as shipped");
    assertThat(trial().failures(pins())).isEqualTo(Map.of("io.a", "shut"));
    trial().forgetFailures();
    assertThat(trial().failures(pins())).isEmpty();
  }

  @Test
  void passedTrialLeavesNothing() throws IOException {
    Path file = Files.writeString(folder.resolve("kernel.trial"), "process=1 2\n");
    trial().passed();
    assertThat(file).doesNotExist();
  }
}
