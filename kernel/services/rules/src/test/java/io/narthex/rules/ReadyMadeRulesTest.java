package io.narthex.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadyMadeRulesTest {
  @Test
  void namesChooseFiles(@TempDir Path folder) throws IOException {
    Path node = Files.writeString(folder.resolve("node.yml"), "");
    Path jvm = Files.writeString(folder.resolve("jvm.yml"), "");
    Files.createDirectories(folder.resolve("tests"));
    ReadyMadeRules rules = new ReadyMadeRules(folder);
    assertThat(rules.files(List.of())).isEmpty();
    assertThat(rules.files(List.of("node"))).containsExactly(node);
    assertThat(rules.files(List.of("all"))).containsExactly(jvm, node);
    assertThatThrownBy(() -> rules.files(List.of("nodes")))
        .isInstanceOf(ConfigException.class)
        .hasMessage("narthex.yml: rules.ready_made: one of all, jvm, node, got \"nodes\"");
  }

  @Test
  void aServerWithoutTheFolderSaysSo() {
    assertThatThrownBy(() -> new ReadyMadeRules(Path.of("nowhere")).files(List.of("all")))
        .hasMessageContaining("nowhere cannot be read");
  }
}
