package io.narthex.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
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

  @Test
  void startsThatSweepAtTheSameTimeDoNotFail() throws Exception {
    for (int i = 0; i < 60; i++) {
      Path bundles =
          Files.createDirectories(temporary.resolve("narthex-cache-dead" + i + "/bundles/a/b"));
      for (int f = 0; f < 20; f++) {
        Files.writeString(bundles.resolve("f" + f), "x");
      }
      Files.writeString(temporary.resolve("narthex-cache-dead" + i + "/lock"), "");
    }
    try (var threads = java.util.concurrent.Executors.newFixedThreadPool(6)) {
      List<Future<?>> starts = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        starts.add(
            threads.submit(() -> {
              CacheFolder.create(temporary).close();
              return null;
            }));
      }
      for (Future<?> start : starts) {
        start.get();
      }
    }
  }
}
