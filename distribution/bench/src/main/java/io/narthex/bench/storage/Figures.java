package io.narthex.bench.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What was measured in each round, and the table of it. */
final class Figures {
  private static final String BEGIN = "<!-- table of: bench storage -->";
  private static final String END = "<!-- end of table -->";
  private static final List<String> HEAD =
      List.of(
          "| what | Prometheus | VictoriaMetrics | Narthex | N/P | N/V | aim | met | run |",
          "|---|---|---|---|---|---|---|---|---|");

  private final Map<Row, Map<Subject, List<Double>>> values = new EnumMap<>(Row.class);

  /** Notes a measurement of a round. */
  void add(Row row, Subject subject, double value) {
    values
        .computeIfAbsent(row, r -> new EnumMap<>(Subject.class))
        .computeIfAbsent(subject, s -> new ArrayList<>())
        .add(value);
  }

  /**
   * Returns the lines of the rows that were measured.
   *
   * @param run what is said about the run in the last column
   */
  Map<Row, String> lines(String run) {
    Map<Row, String> lines = new TreeMap<>();
    values.forEach((row, rounds) -> {
      Map<Subject, double[]> numbers = new EnumMap<>(Subject.class);
      rounds.forEach((subject, list) ->
          numbers.put(subject, list.stream().mapToDouble(Double::doubleValue).toArray()));
      lines.put(row, row.line(numbers, run));
    });
    return lines;
  }

  /** Prints the rows that were measured. */
  void print(String run) {
    HEAD.forEach(System.out::println);
    lines(run).values().forEach(System.out::println);
  }

  /** Replaces the rows that were measured in the table of a document, and keeps the others. */
  void write(Path document, String run) throws IOException {
    Files.writeString(document, replaced(Files.readString(document), lines(run)));
  }

  /**
   * Returns a document with rows of its table replaced.
   *
   * @throws IOException when it has no table
   */
  static String replaced(String document, Map<Row, String> rows) throws IOException {
    int begin = document.indexOf(BEGIN);
    int end = document.indexOf(END, Math.max(0, begin));
    if (begin < 0 || end < 0) {
      throw new IOException("no table: expected the lines " + BEGIN + " and " + END);
    }
    List<String> old = document.substring(begin, end).lines().toList();
    StringBuilder table = new StringBuilder(BEGIN).append('\n');
    HEAD.forEach(line -> table.append(line).append('\n'));
    for (Row row : Row.values()) {
      String line =
          rows.getOrDefault(
              row,
              old.stream()
                  .filter(l -> l.startsWith("| " + row.title + " |"))
                  .findFirst()
                  .orElse("| " + row.title + " | | | | | | " + row.aim() + " | | not run |"));
      table.append(line).append('\n');
    }
    return document.substring(0, begin) + table + document.substring(end);
  }
}
