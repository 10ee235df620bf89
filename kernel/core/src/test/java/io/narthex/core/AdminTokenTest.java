package io.narthex.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdminTokenTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void adminTokenIsCreatedOnceForItsOwnerOnly() throws IOException {
    AdminToken.ensure(folder);
    Path file = folder.resolve("admin.token");
    String token = Files.readString(file);
    assertThat(token).matches("[0-9a-f]{64}\n");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    AdminToken.ensure(folder);
    assertThat(Files.readString(file)).isEqualTo(token);
    Files.writeString(file, "");
    AdminToken.ensure(folder);
    assertThat(Files.readString(file)).matches("[0-9a-f]{64}\n");
  }
}
