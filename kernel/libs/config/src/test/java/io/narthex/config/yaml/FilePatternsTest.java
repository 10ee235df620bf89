package io.narthex.config.yaml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FilePatternsTest {
  @TempDir private Path folder;

  @Test
  void findsFilesThatExist() throws IOException {
    Files.createDirectory(folder.resolve("a"));
    Files.writeString(folder.resolve("a/2.yml"), "");
    Files.writeString(folder.resolve("a/1.yml"), "");
    Files.writeString(folder.resolve("a/{1,2}.yml"), "");
    assertThat(FilePatterns.expand(folder, "?/[0-9]*.yml"))
        .containsExactly(folder.resolve("a/1.yml"), folder.resolve("a/2.yml"));
    assertThat(FilePatterns.expand(folder, "a/{1,2}*.yml"))
        .containsExactly(folder.resolve("a/{1,2}.yml"));
    assertThat(FilePatterns.expand(folder, "a/1.yml")).containsExactly(folder.resolve("a/1.yml"));
    assertThat(FilePatterns.expand(folder, "none.yml")).isEmpty();
    assertThat(FilePatterns.expand(folder, "none/*.yml")).isEmpty();
  }

  @Test
  void refusesAMalformedPattern() {
    assertThatThrownBy(() -> FilePatterns.expand(folder, "[x"))
        .isInstanceOf(ConfigException.class)
        .hasMessage("syntax error in pattern \"[x\"");
  }
}
