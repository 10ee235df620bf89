package io.narthex.storage.tsdb.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoriesTest {
  private static final List<String> FILES = List.of("chunks", "index", "meta.json", "tombstones");

  @TempDir Path dir;

  private Path folder(String name) throws IOException {
    Path folder = dir.resolve(name);
    Files.createDirectory(folder);
    for (String file : FILES) {
      Files.writeString(folder.resolve(file), file);
    }
    return folder;
  }

  @Test
  void aDeletionThatIsKilledAtAnyStepLeavesNoHalfOfTheFolder() throws IOException {
    FailingDisk counting = new FailingDisk(LocalDisk.INSTANCE);
    Directories.remove(counting, folder("counted"));
    assertThat(counting.operations()).isGreaterThan(FILES.size());
    for (int at = 1; at <= counting.operations(); at++) {
      Path folder = folder("killed-at-" + at);
      FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE).stopAt(at);
      assertThatThrownBy(() -> Directories.remove(disk, folder)).isInstanceOf(IOException.class);
      Path temporary = dir.resolve(folder.getFileName() + Directories.TEMPORARY);
      if (at == 1) {
        assertThat(FILES).allMatch(name -> Files.exists(folder.resolve(name)));
        assertThat(temporary).doesNotExist();
      } else {
        assertThat(folder).as("at step %s", at).doesNotExist();
        assertThat(temporary).exists();
      }
    }
  }

  @Test
  void nothingIsLeftOfAFolderThatIsRemoved() throws IOException {
    Directories.remove(LocalDisk.INSTANCE, folder("block"));
    assertThat(dir).isEmptyDirectory();
  }

  @Test
  void aLinkInAFolderIsDeletedAndNotFollowed() throws IOException {
    Path outside = folder("outside");
    Path folder = folder("inside");
    Files.createSymbolicLink(folder.resolve("link"), outside);
    Directories.deleteTree(LocalDisk.INSTANCE, folder);
    assertThat(folder).doesNotExist();
    assertThat(FILES).allMatch(name -> Files.exists(outside.resolve(name)));
  }

  @Test
  void aFileIsWrittenWholeOrNotAtAll() throws IOException {
    Path file = dir.resolve("version");
    byte[] before = {1, 2};
    byte[] after = {3, 4, 5, 6};
    for (int at = 1; at <= 6; at++) {
      Files.write(file, before);
      FailingDisk disk = new FailingDisk(LocalDisk.INSTANCE).failAt(at, at);
      boolean written = true;
      try {
        Directories.write(disk, file, after, after.length);
      } catch (IOException e) {
        written = false;
      }
      assertThat(Files.readAllBytes(file)).isIn(before, after);
      assertThat(dir.resolve("version.tmp")).doesNotExist();
      assertThat(written).as("at step %s", at).isEqualTo(at == 6);
    }
  }
}
