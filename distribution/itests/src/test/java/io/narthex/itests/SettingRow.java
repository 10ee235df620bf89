package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A row of the table of flags and keys: what a setting does, and how that is observed. The forms of
 * a row stand at the beginning of {@code settings/table.txt}.
 *
 * @param section the file, or part of one, that the key stands in, or {@code flags}
 * @param key the flag or key
 * @param kind how it is observed
 * @param cells what the kind needs
 */
record SettingRow(String section, String key, String kind, List<String> cells) {
  /** The whole table. */
  static final List<SettingRow> ALL = read();

  private static List<SettingRow> read() {
    List<SettingRow> rows = new ArrayList<>();
    String section = "";
    try (InputStream in = SettingRow.class.getResourceAsStream("/settings/table.txt")) {
      String text = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
      for (String line : text.lines().toList()) {
        if (line.isBlank() || line.startsWith("#")) {
          continue;
        }
        if (line.startsWith("[")) {
          section = line.substring(1, line.indexOf(']'));
          continue;
        }
        List<String> parts = List.of(line.split(" +\\| +"));
        assertThat(parts).as(line).hasSizeGreaterThanOrEqualTo(3);
        for (String key : parts.get(0).split(", ")) {
          rows.add(new SettingRow(section, key, parts.get(1), parts.subList(2, parts.size())));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return List.copyOf(rows);
  }

  /** Returns the rows of a kind. */
  static List<SettingRow> of(String kind) {
    return ALL.stream().filter(r -> r.kind().equals(kind)).toList();
  }

  String cell(int i) {
    assertThat(cells).as("the row of %s", this).hasSizeGreaterThan(i);
    return cells.get(i);
  }

  @Override
  public String toString() {
    return section + ": " + key;
  }
}
