package io.narthex.exporter.node;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Random;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@NullUnmarked
final class KernelFilesTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 8191, 8192, 8193, 16384, 100_000})
  void readsFilesOfAnySize(int size) throws Exception {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    Path file = Files.write(folder.resolve("f"), bytes);
    assertThat(KernelFiles.read(file)).isEqualTo(bytes);
    assertThat(KernelFiles.readOrNull(file)).isEqualTo(bytes);
  }

  @Test
  void readsNamesThatAreNotAscii() throws Exception {
    Path file = Files.writeString(folder.resolve("größe"), "7");
    assertThat(new String(KernelFiles.read(file), UTF_8)).isEqualTo("7");
  }

  @Test
  void readsFilesThatClaimToBeEmpty() throws Exception {
    assertThat(new String(KernelFiles.read(Path.of("/proc/self/cmdline")), UTF_8)).contains("java");
    assertThat(new String(KernelFiles.read(Path.of("/proc/sys/kernel/ostype")), UTF_8))
        .isEqualTo("Linux\n");
  }

  @Test
  void knowsTheSizeOfAPage() throws Exception {
    Process getconf = new ProcessBuilder("getconf", "PAGESIZE").start();
    String out = new String(getconf.getInputStream().readAllBytes(), UTF_8).strip();
    assertThat(KernelFiles.pageSize()).isEqualTo(Long.parseLong(out));
  }

  @Test
  void tellsWhyAFileCannotBeRead() {
    Path absent = folder.resolve("absent");
    assertThatThrownBy(() -> KernelFiles.read(absent)).isInstanceOf(NoSuchFileException.class);
    assertThat(KernelFiles.readOrNull(absent)).isNull();
    assertThatThrownBy(() -> KernelFiles.read(folder))
        .isInstanceOf(IOException.class)
        .hasMessage(folder + ": is a directory");
    assertThat(KernelFiles.readOrNull(folder)).isNull();
  }

  @Test
  void doesNotReadWithoutEnd() throws Exception {
    Path file = folder.resolve("large");
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
      f.setLength(KernelFiles.MAX_BYTES);
    }
    assertThat(KernelFiles.read(file)).hasSize(KernelFiles.MAX_BYTES);
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
      f.setLength(KernelFiles.MAX_BYTES + 1L);
    }
    assertThatThrownBy(() -> KernelFiles.read(file))
        .isInstanceOf(IOException.class)
        .hasMessage(file + ": more than 16777216 bytes");
    assertThatThrownBy(() -> KernelFiles.read(Path.of("/dev/zero")))
        .isInstanceOf(IOException.class)
        .hasMessageEndingWith("more than 16777216 bytes");
  }
}
