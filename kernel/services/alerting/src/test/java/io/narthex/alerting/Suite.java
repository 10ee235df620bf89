package io.narthex.alerting;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.narthex.testkit.Needs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Counts the cases of one suite of conformance data. */
@org.jspecify.annotations.NullUnmarked
final class Suite {
  private final String name;
  private final List<String> failures = new ArrayList<>();
  private int passed;

  Suite(String name) {
    this.name = name;
  }

  static Path folder(String suite) {
    return Needs.shared("conformance/" + suite);
  }

  static JsonNode json(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }

  void check(String id, boolean ok, String detail) {
    if (ok) {
      passed++;
    } else {
      failures.add(id + ": " + detail);
    }
  }

  void finish(int expectedPassed) throws IOException {
    String line =
        "conformance " + name + ": passed " + passed + " of " + (passed + failures.size());
    System.out.println(line);
    Files.createDirectories(Path.of("target/conformance"));
    Files.writeString(Path.of("target/conformance", name + ".txt"), line + "\n");
    assertThat(failures).isEmpty();
    assertThat(passed).isEqualTo(expectedPassed);
  }
}
