package io.narthex.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** Finds the conformance data and counts the cases of one suite. */
public final class Conformance {
  private final String suite;
  private final List<String> failures = new ArrayList<>();
  private int passed;

  public Conformance(String suite) {
    this.suite = suite;
  }

  /** Returns a file of the data; skips the test when there is no data. */
  public static Path file(String suite, String path) {
    Path root = root();
    Path file = root == null ? null : root.resolve("conformance").resolve(path);
    if (file == null || !Files.exists(file)) {
      System.out.println("conformance data absent: " + suite);
      Assumptions.abort("conformance data absent");
    }
    return file;
  }

  private static Path root() {
    String env = System.getenv("NARTHEX_SHARED");
    if (env != null && !env.isEmpty()) {
      return Path.of(env);
    }
    for (Path p = Path.of("").toAbsolutePath(); p != null; p = p.getParent()) {
      Path candidate = p.resolveSibling("shared");
      if (p.getFileName() != null && Files.isDirectory(candidate.resolve("conformance"))) {
        return candidate;
      }
    }
    return null;
  }

  /** Reads a JSON file: maps, lists, strings, doubles, booleans. */
  public static Object json(Path file) throws IOException {
    return new JsonReader(Files.readString(file)).read();
  }

  public void check(String id, boolean ok, String detail) {
    if (ok) {
      passed++;
    } else {
      failures.add(id + ": " + detail);
    }
  }

  /** Prints the summary line and asserts that exactly {@code expectedFailures} cases fail. */
  public void finish(int expectedFailures) throws IOException {
    String line =
        "conformance " + suite + ": passed " + passed + " of " + (passed + failures.size());
    System.out.println(line);
    Path out = Path.of("target", "conformance", suite + ".txt");
    Files.createDirectories(out.getParent());
    Files.writeString(out, line + "\n");
    assertThat(failures).hasSize(expectedFailures);
  }
}
