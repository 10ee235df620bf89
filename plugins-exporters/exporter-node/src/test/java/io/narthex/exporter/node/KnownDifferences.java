package io.narthex.exporter.node;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullUnmarked;

/** The committed list of differences from the original, each with its reason. */
@NullUnmarked
final class KnownDifferences {
  private static final class Difference {
    final Pattern pattern;
    final boolean mustOccur;
    boolean used;

    Difference(Pattern pattern, boolean mustOccur) {
      this.pattern = pattern;
      this.mustOccur = mustOccur;
    }
  }

  private final List<Difference> all = new ArrayList<>();

  /** Reads the list of one comparison. */
  KnownDifferences(String comparison) {
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                KnownDifferences.class.getResourceAsStream("differences.tsv"),
                StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String[] f = line.split("\t", -1);
        if (!line.startsWith("#") && !line.isBlank()) {
          if (f.length != 4 || f[3].isBlank()) {
            throw new IllegalStateException("differences.tsv: a line has 4 fields, got: " + line);
          }
          if (f[0].equals(comparison)) {
            all.add(new Difference(Pattern.compile(f[2], 0), f[1].equals("always")));
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns whether the list has a difference. */
  boolean explains(String difference) {
    boolean found = false;
    for (Difference d : all) {
      if (d.pattern.matcher(difference).find()) {
        d.used = true;
        found = true;
      }
    }
    return found;
  }

  /** Returns what the list has although it no longer occurs. */
  List<String> unused() {
    return all.stream().filter(d -> d.mustOccur && !d.used).map(d -> d.pattern.pattern()).toList();
  }
}
