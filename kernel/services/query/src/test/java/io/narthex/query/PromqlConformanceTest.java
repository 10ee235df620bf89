package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.query.script.PromqlTestRunner;
import io.narthex.testkit.Needs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/** Runs the scripts of {@code conformance/promql}. */
@NullUnmarked
class PromqlConformanceTest {
  /** What must pass at least; raise it with the engine. */
  private static final int FLOOR = 1969;

  private static final int EXTRA_FLOOR = 17367;

  @Test
  void passesTheScripts() throws IOException {
    Path data = Needs.shared("conformance/promql");
    PromqlTestRunner.Outcome o =
        new PromqlTestRunner(TestStorage::new, PromqlTestRunner.OPTIONS).runDirectory(data);
    o.failures().forEach(System.out::println);
    String extra = "conformance promql-extra: passed " + o.extraPassed() + " of " + o.extraTotal();
    String line = "conformance promql: " + o.summary();
    System.out.println(line);
    System.out.println(extra);
    Path dir = Files.createDirectories(Path.of("target/conformance"));
    Files.writeString(dir.resolve("promql.txt"), line + "\n", StandardCharsets.UTF_8);
    Files.writeString(dir.resolve("promql-extra.txt"), extra + "\n", StandardCharsets.UTF_8);
    Files.write(Path.of("target/promql-failures.txt"), o.failures(), StandardCharsets.UTF_8);
    Files.write(
        Path.of("target/promql-extra-failures.txt"), o.extraFailures(), StandardCharsets.UTF_8);
    assertThat(o.passed()).isGreaterThanOrEqualTo(FLOOR);
    assertThat(o.extraPassed()).isGreaterThanOrEqualTo(EXTRA_FLOOR);
  }
}
