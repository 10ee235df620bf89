package io.narthex.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
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
        "io.narthex.query.jar=former/io.narthex.query/2-11507a0e2f5e.jar\n"
            + "io.narthex.query.instead-of="
            + DIGEST
            + "\n");
    assertThat(insteadOf(shipped)).as("its jar is not there").isEqualTo(shipped);
    Path updated = write("data/narthex/plugins/former/io.narthex.query/2-11507a0e2f5e.jar", "new");
    assertThat(insteadOf(shipped)).isEqualTo(updated);
    assertThat(insteadOf(other)).isEqualTo(other);
    Files.writeString(shipped, "of the next distribution");
    assertThat(insteadOf(shipped)).isEqualTo(shipped);
  }

  /** Returns the jar that a start uses; it dies without a word or says why it ends. */
  private Path start(Path shipped, boolean saysWhy) {
    UpdatedKernel kernel =
        new UpdatedKernel(new String[] {"--storage.tsdb.path=" + folder.resolve("data")});
    Path used = kernel.insteadOf(shipped);
    kernel.startBegins();
    if (saysWhy) {
      kernel.endedWithReason();
    }
    return used;
  }

  private Path update() throws IOException {
    write(
        "data/narthex/plugins/kernel.properties",
        "io.narthex.query.jar=former/io.narthex.query/2-11507a0e2f5e.jar\n"
            + "io.narthex.query.instead-of="
            + DIGEST
            + "\n");
    return write("data/narthex/plugins/former/io.narthex.query/2-11507a0e2f5e.jar", "new");
  }

  @Test
  void updateOfAStartThatDidNotGetReadyDoesNotRunAgain() throws IOException {
    Path shipped = write("lib/query.jar", "abc");
    Path updated = update();
    Path trial = folder.resolve("data/narthex/plugins/kernel.trial");
    assertThat(start(shipped, true)).isEqualTo(updated);
    assertThat(trial).doesNotExist();
    assertThat(start(shipped, false)).isEqualTo(updated);
    assertThat(trial)
        .content()
        .contains("io.narthex.query.jar=former/io.narthex.query/2-11507a0e2f5e.jar");
    assertThat(start(shipped, true)).isEqualTo(shipped);
    assertThat(folder.resolve("data/narthex/plugins/kernel.failed"))
        .content()
        .contains("io.narthex.query.jar=former/io.narthex.query/2-11507a0e2f5e.jar")
        .contains("io.narthex.query.reason=the server ended before it was ready");
    assertThat(trial).as("no update takes part").doesNotExist();
    assertThat(start(shipped, true)).as("until the kernel knows").isEqualTo(shipped);

    // another version is another matter
    write(
        "data/narthex/plugins/kernel.properties",
        "io.narthex.query.jar=former/io.narthex.query/3-804f51f71254.jar\n"
            + "io.narthex.query.instead-of="
            + DIGEST
            + "\n");
    Path next = write("data/narthex/plugins/former/io.narthex.query/3-804f51f71254.jar", "newer");
    assertThat(start(shipped, true)).isEqualTo(next);
  }

  @Test
  void startOfAnotherProcessIsNotTakenForAFailure() throws IOException {
    Path shipped = write("lib/query.jar", "abc");
    Path updated = update();
    ProcessHandle other = ProcessHandle.current().parent().orElseThrow();
    long since = other.info().startInstant().orElseThrow().toEpochMilli();
    Path trial =
        write(
            "data/narthex/plugins/kernel.trial",
            "process="
                + other.pid()
                + " "
                + since
                + "\nio.narthex.query.jar=former/io.narthex.query/2-11507a0e2f5e.jar\n");
    assertThat(start(shipped, true)).isEqualTo(updated);
    assertThat(trial).as("it is the other's").exists();
    Files.writeString(trial, Files.readString(trial).replace(" " + since, " 1"));
    assertThat(start(shipped, true)).as("its number belongs to another now").isEqualTo(shipped);
  }

  @Test
  void updatesThatCannotBeUsedAreGivenUpOneByOneOrAllOfThem() throws IOException {
    Path shipped = write("lib/query.jar", "abc");
    update();
    UpdatedKernel kernel =
        new UpdatedKernel(new String[] {"--storage.tsdb.path=" + folder.resolve("data")});
    assertThat(kernel.inUse()).isFalse();
    assertThat(kernel.insteadOf(shipped)).isNotEqualTo(shipped);
    assertThat(kernel.inUse()).isTrue();
    kernel.giveUp(Map.of("io.narthex.rules", "io.narthex.rules lacks x")); // which is as shipped
    assertThat(kernel.insteadOf(shipped)).isEqualTo(shipped);
    assertThat(kernel.inUse()).isFalse();
    assertThat(folder.resolve("data/narthex/plugins/kernel.failed"))
        .content()
        .contains("io.narthex.query.reason=io.narthex.rules lacks x");
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
