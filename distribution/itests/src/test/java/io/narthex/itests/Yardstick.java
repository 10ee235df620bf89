package io.narthex.itests;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A fixed piece of work of the kind that a start is (a new JVM loads classes and compiles what is
 * hot): what a processor can do differs between machines, and with what else they run, so a bound
 * in seconds holds on one of them only.
 */
final class Yardstick {
  private static final int CLASSES = 150;

  private Yardstick() {}

  /** Returns the processor time that javac needs for some hundred classes, here and now. */
  static Duration work(Path folder) throws IOException, InterruptedException {
    StringBuilder source = new StringBuilder();
    for (int i = 0; i < CLASSES; i++) {
      source.append(
          """
          final class Yard%1$d {
            private final java.util.Map<String, java.util.List<Integer>> values = new java.util.TreeMap<>();

            long sum(String prefix, int least) {
              return values.entrySet().stream()
                  .filter(e -> e.getKey().startsWith(prefix + %1$d))
                  .flatMap(e -> e.getValue().stream().filter(v -> v > least).map(v -> v * %1$dL))
                  .mapToLong(Long::longValue)
                  .sum();
            }
          }
          """
              .formatted(i));
    }
    Path file = Files.createDirectories(folder).resolve("Yard.java");
    Files.writeString(file, source);
    Process process =
        new ProcessBuilder(
                "bash",
                "-c",
                "TIMEFORMAT='%3U %3S'; time \"$0\" -proc:none -d \"$1\" \"$2\"",
                Path.of(System.getProperty("java.home"), "bin", "javac").toString(),
                folder.toString(),
                file.toString())
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    String out =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (process.waitFor() != 0 || !out.matches("[0-9.]+ [0-9.]+")) {
      throw new IOException("javac says: " + out);
    }
    String[] userAndSystem = out.split(" ");
    return Duration.ofMillis(
        new BigDecimal(userAndSystem[0])
            .add(new BigDecimal(userAndSystem[1]))
            .movePointRight(3)
            .longValueExact());
  }
}
