package io.narthex.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheFolderTest {
  @TempDir Path temporary;

  @Test
  void startDeletesWhatDeadProcessesLeftAndNothingElse() throws IOException {
    Path dead = Files.createDirectories(temporary.resolve("narthex-cache1/bundles"));
    Files.writeString(dead.resolve("some.jar"), "35 MB");
    Files.writeString(temporary.resolve("narthex-cache1/lock"), "");
    Path unknown = Files.createDirectories(temporary.resolve("narthex-cache2"));
    Path others = Files.createDirectories(temporary.resolve("other"));
    try (CacheFolder living = CacheFolder.create(temporary)) {
      Files.createDirectories(living.path());
      assertThat(temporary.resolve("narthex-cache1")).doesNotExist();
      try (CacheFolder second = CacheFolder.create(temporary)) {
        assertThat(living.path()).exists();
        assertThat(second.path()).isNotEqualTo(living.path());
      }
      assertThat(unknown).exists();
      assertThat(others).exists();
    }
    assertThat(temporary.toFile().list()).containsExactlyInAnyOrder("narthex-cache2", "other");
  }
}
