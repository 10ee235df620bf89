package io.narthex.bench.contact;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The differences that have a reason: lines of area, which inputs, and why, between tabs. Inputs
 * are named by their id, in which {@code *} stands for anything, or by {@code /a regular
 * expression/} that is found in input and outcomes as a difference is printed.
 */
final class Known {
  private final List<Entry> entries = new ArrayList<>();

  private static final class Entry {
    private final String area;
    private final String which;
    private final Pattern pattern;
    private final boolean byText;
    private boolean used;

    Entry(String area, String which) {
      this.area = area;
      this.which = which;
      byText = which.length() > 1 && which.startsWith("/") && which.endsWith("/");
      pattern =
          byText
              ? Pattern.compile(which.substring(1, which.length() - 1), Pattern.DOTALL)
              : Pattern.compile(Pattern.quote(which).replace("*", "\\E.*\\Q"), 0);
    }
  }

  Known(Path file) throws IOException {
    for (String line : Files.readAllLines(file)) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      String[] parts = line.split("\t", -1);
      if (parts.length != 3 || parts[2].isBlank()) {
        throw new IOException(
            file + ": area, inputs and reason between tabs are wanted, got \"" + line + '"');
      }
      entries.add(new Entry(parts[0], parts[1]));
    }
  }

  /** Returns whether a difference is one of these. */
  boolean explains(String area, Input input, String printed) {
    for (Entry entry : entries) {
      boolean found =
          entry.area.equals(area)
              && (entry.byText
                  ? entry.pattern.matcher(printed).find()
                  : entry.pattern.matcher(input.origin()).matches());
      if (found) {
        entry.used |= entry.byText || !input.generated();
        return true;
      }
    }
    return false;
  }

  /**
   * Returns the entries of an area that no difference needed.
   *
   * @param generated whether the generated inputs were those of the full run
   */
  List<String> unused(String area, boolean generated) {
    return entries.stream()
        .filter(e -> e.area.equals(area) && !e.used && (generated || !e.byText))
        .map(e -> e.which)
        .toList();
  }
}
