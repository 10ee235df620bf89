package io.narthex.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UpdatedKernelTest {
  /** SHA-256 of {@code abc}, from FIPS 180-2, appendix B.1. */
  private static final String DIGEST =
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

  @TempDir private Path folder = Path.of("");

  private Path write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.resolveSibling("."));
    return Files.writeString(file, text);
  }

  private Path insteadOf(Path shipped) {
    return new UpdatedKernel(new String[] {"--storage.tsdb.path=" + folder.resolve("data")})
        .insteadOf(shipped);
  }

  @Test
  void updateStandsInForTheVeryJarItWasMadeFor() throws IOException {
    Path shipped = write("lib/query.jar", "abc");
    Path other = write("lib/web.jar", "another");
    assertThat(insteadOf(shipped)).isEqualTo(shipped);
    write(
        "data/narthex/plugins/kernel.properties",
        "io.narthex.query.jar=former/io.narthex.query/2.jar\nio.narthex.query.instead-of="
            + DIGEST
            + "\n");
    assertThat(insteadOf(shipped)).as("its jar is not there").isEqualTo(shipped);
    Path updated = write("data/narthex/plugins/former/io.narthex.query/2.jar", "new");
    assertThat(insteadOf(shipped)).isEqualTo(updated);
    assertThat(insteadOf(other)).isEqualTo(other);
    Files.writeString(shipped, "of the next distribution");
    assertThat(insteadOf(shipped)).isEqualTo(shipped);
  }

  @Test
  void findsTheDataFolderAsTheFlagsDo() throws IOException {
    Path file = write("arguments", "--web.max-connections=3\n --storage.tsdb.path=/c\n");
    assertThat(UpdatedKernel.dataFolder(new String[] {})).isEqualTo(Path.of("data"));
    assertThat(UpdatedKernel.dataFolder(new String[] {"--storage.tsdb.path=/a", "--x"}))
        .isEqualTo(Path.of("/a"));
    assertThat(UpdatedKernel.dataFolder(new String[] {"--storage.tsdb.path", "/b"}))
        .isEqualTo(Path.of("/b"));
    assertThat(UpdatedKernel.dataFolder(new String[] {"@" + file})).isEqualTo(Path.of("/c"));
    assertThat(UpdatedKernel.dataFolder(new String[] {"@" + folder.resolve("absent")}))
        .isEqualTo(Path.of("data"));
  }
}
