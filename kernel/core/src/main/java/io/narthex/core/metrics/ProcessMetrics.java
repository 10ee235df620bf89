package io.narthex.core.metrics;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The {@code process_*} metrics that every Go program has, read from {@code /proc}; none where that
 * is missing. The start time is reported by the kernel.
 */
public final class ProcessMetrics implements MetricCollector {
  private static final double TICKS = 100; // USER_HZ, the same on every Linux that Java runs on
  private static final double UNLIMITED = 18446744073709551615.0;

  private final Path proc;

  /**
   * Creates a collector.
   *
   * @param proc the process's folder, {@code /proc/self}
   */
  public ProcessMetrics(Path proc) {
    this.proc = proc;
  }

  @Override
  public void collect(MetricSink sink) {
    try {
      stat(sink);
    } catch (IOException | NumberFormatException | IndexOutOfBoundsException _) {
      // not Linux, or not allowed
    }
    try {
      limits(sink);
    } catch (IOException | NumberFormatException _) {
      // as above
    }
    try (DirectoryStream<Path> open = Files.newDirectoryStream(proc.resolve("fd"))) {
      int count = -1; // the listing itself has one open
      for (Path _ : open) {
        count++;
      }
      one(
          sink,
          "process_open_fds",
          MetricType.GAUGE,
          "Number of open file descriptors.",
          Math.max(count, 0));
    } catch (IOException _) {
      // as above
    }
  }

  private void stat(MetricSink sink) throws IOException {
    String text = Files.readString(proc.resolve("stat"), StandardCharsets.ISO_8859_1);
    // the program's name stands in parentheses and may hold anything
    String[] fields = text.substring(text.lastIndexOf(')') + 2).strip().split(" ", -1);
    one(
        sink,
        "process_cpu_seconds_total",
        MetricType.COUNTER,
        "Total user and system CPU time spent in seconds.",
        (Double.parseDouble(fields[11]) + Double.parseDouble(fields[12])) / TICKS);
    one(
        sink,
        "process_virtual_memory_bytes",
        MetricType.GAUGE,
        "Virtual memory size in bytes.",
        Double.parseDouble(fields[20]));
    for (String line : Files.readAllLines(proc.resolve("status"), StandardCharsets.ISO_8859_1)) {
      if (line.startsWith("VmRSS:")) { // in kB; stat has it in pages of a size that differs
        one(
            sink,
            "process_resident_memory_bytes",
            MetricType.GAUGE,
            "Resident memory size in bytes.",
            Double.parseDouble(line.replaceAll("[^0-9]", "")) * 1024);
      }
    }
  }

  private void limits(MetricSink sink) throws IOException {
    List<String> lines = Files.readAllLines(proc.resolve("limits"), StandardCharsets.ISO_8859_1);
    for (String line : lines) {
      if (line.startsWith("Max open files")) {
        one(
            sink,
            "process_max_fds",
            MetricType.GAUGE,
            "Maximum number of open file descriptors.",
            limit(line));
      } else if (line.startsWith("Max address space")) {
        one(
            sink,
            "process_virtual_memory_max_bytes",
            MetricType.GAUGE,
            "Maximum amount of virtual memory available in bytes.",
            limit(line));
      }
    }
  }

  private static double limit(String line) {
    String soft = line.substring(26).strip().split(" +", 2)[0];
    return soft.equals("unlimited") ? UNLIMITED : Double.parseDouble(soft);
  }

  private static void one(
      MetricSink sink, String name, MetricType type, String help, double value) {
    sink.family(new MetricMetadata(name, type, help, ""));
    sink.sample(name, Labels.EMPTY, value);
  }
}
