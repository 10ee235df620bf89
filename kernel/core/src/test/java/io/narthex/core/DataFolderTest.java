package io.narthex.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFolderTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void tellsAFolderOfPrometheusFromItsOwn() throws IOException {
    assertThat(DataFolder.ofPrometheus(folder.resolve("absent"))).isNull();
    assertThat(DataFolder.ofPrometheus(folder)).isNull();
    Files.createDirectories(folder.resolve("lost+found"));
    Files.createDirectories(folder.resolve("wal"));
    Files.createDirectories(folder.resolve("chunks_head"));
    assertThat(DataFolder.ofPrometheus(folder)).isEqualTo("chunks_head");
    Files.createDirectories(folder.resolve("narthex"));
    assertThat(DataFolder.ofPrometheus(folder)).as("the storage decides then").isNull();
  }

  @Test
  void startOnAFolderOfPrometheusMakesNothingInIt() throws IOException {
    Files.createDirectories(folder.resolve("wal"));
    Path state = folder.resolve("narthex");
    assertThatThrownBy(() -> ServerFolders.prepare(folder, state, "tsdb"))
        .hasMessageContaining(folder + ": holds data that Prometheus wrote, got \"wal\"");
    assertThat(folder.toFile().list()).containsExactly("wal");
    ServerFolders.prepare(folder, state, "memory"); // this one leaves the folder alone
    assertThat(state).isNotEmptyDirectory();
  }
}
