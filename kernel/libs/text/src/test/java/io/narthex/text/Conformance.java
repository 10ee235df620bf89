package io.narthex.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Counts the cases of one suite. */
public final class Conformance {
  private final String suite;
  private final List<String> failures = new ArrayList<>();
  private int passed;

  public Conformance(String suite) {
    this.suite = suite;
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
