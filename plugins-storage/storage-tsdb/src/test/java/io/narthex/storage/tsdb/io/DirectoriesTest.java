package io.narthex.storage.tsdb.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoriesTest {
  private static final List<String> FILES = List.of("chunks", "index", "meta.json", "tombstones");

  @TempDir Path dir;

  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  @Test
  void aDeletionThatIsKilledAtAnyStepLeavesNoHalfOfTheFolder() throws IOException {
    for (int steps = 0; steps <= FILES.size(); steps++) {
      Path folder = dir.resolve("killed-after-" + steps);
      Files.createDirectory(folder);
      for (String name : FILES) {
        Files.writeString(folder.resolve(name), name);
      }
      AtomicInteger left = new AtomicInteger(steps);
      assertThatThrownBy(() ->
              Directories.remove(
                  folder,
                  _ -> {
                    if (left.getAndDecrement() == 0) {
                      throw new Killed();
                    }
                  }))
          .isInstanceOf(Killed.class);
      assertThat(folder).as("after %s steps", steps).doesNotExist();
      assertThat(dir.resolve(folder.getFileName() + Directories.TEMPORARY)).exists();
    }
  }

  @Test
  void nothingIsLeftOfAFolderThatIsRemoved() throws IOException {
    Path folder = dir.resolve("block");
    Files.createDirectory(folder);
    Files.writeString(folder.resolve("index"), "x");
    Directories.remove(folder);
    assertThat(dir).isEmptyDirectory();
  }
}
