package io.narthex.exporter.node;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.model.go.GoGlob;
import io.narthex.spi.plugin.TextMetrics;
import io.narthex.spi.plugin.TextMetrics.Family;
import io.narthex.spi.plugin.TextMetrics.Sample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Metrics that other programs write to {@code *.prom} files. Nothing is taken of a file that is
 * malformed or has timestamps. Files may share a family when its type and help are the same; of
 * samples with the same labels the first counts.
 */
final class TextfileCollector {
  private static final Logger LOG = LoggerFactory.getLogger(TextfileCollector.class);

  private final Access.Texts texts;

  TextfileCollector(Access.Texts texts) {
    this.texts = texts;
  }

  /** The families of a file. */
  private record Read(Path file, List<Family> families) {}

  /** What several files say of a family. */
  private static final class Shared {
    final MetricType type;
    final List<String> withoutHelp = new ArrayList<>(1);
    String firstHelp = "";

    Shared(MetricType type) {
      this.type = type;
    }
  }

  private record Series(String name, Labels labels) {}

  void collect(Host host, Out out) throws IOException {
    List<Read> read = new ArrayList<>();
    boolean failed = false;
    for (String directory : host.flags.all("collector.textfile.directory")) {
      for (Path folder : folders(directory)) {
        failed |= !Files.isDirectory(folder);
        for (Path file : Host.list(folder)) {
          if (!Host.name(file).endsWith(".prom")) {
            continue;
          }
          try {
            read.add(read(file));
            out.add(
                "node_textfile_mtime_seconds",
                MetricType.GAUGE,
                "Unixtime mtime of textfiles successfully read.",
                Files.getLastModifiedTime(file).toMillis() / 1000.0,
                "file",
                file.toString());
          } catch (IOException e) {
            failed = true;
            LOG.warn("textfile {}: {}", file, e.getMessage());
          }
        }
      }
    }
    failed |= !write(read, out);
    out.add(
        "node_textfile_scrape_error",
        MetricType.GAUGE,
        "1 if there was an error opening or reading a file, 0 otherwise",
        failed ? 1 : 0);
  }

  /** Returns what matches a pattern, or else the folder of that name. */
  private static List<Path> folders(String pattern) throws IOException {
    List<Path> found = GoGlob.isPattern(pattern) ? GoGlob.expand(Path.of(""), pattern) : List.of();
    return found.isEmpty() ? List.of(Path.of(pattern)) : found;
  }

  private Read read(Path file) throws IOException {
    TextMetrics metrics = texts.read(KernelFiles.read(file));
    if (metrics.timed()) {
      throw new IOException("samples must not have timestamps");
    }
    return new Read(file, metrics.families());
  }

  /** Adds what the files have; returns whether their help texts agree. */
  private static boolean write(List<Read> all, Out out) {
    Map<String, Shared> shared = new HashMap<>();
    boolean agree = true;
    for (Read r : all) {
      for (Family f : r.families()) {
        MetricMetadata m = f.metadata();
        Shared s = shared.computeIfAbsent(m.name(), _ -> new Shared(m.type()));
        if (m.help().isEmpty()) {
          s.withoutHelp.add(r.file().toString());
        } else if (s.firstHelp.isEmpty() && s.withoutHelp.isEmpty()) {
          s.firstHelp = m.help();
        } else if (!s.firstHelp.isEmpty() && !s.firstHelp.equals(m.help())) {
          agree = false;
          LOG.warn(
              "textfile {}: {} is left out: its help is \"{}\", in another file it is \"{}\"",
              r.file(),
              m.name(),
              m.help(),
              s.firstHelp);
        }
      }
    }
    Set<Series> seen = new HashSet<>();
    for (Read r : all) {
      for (Family f : r.families()) {
        MetricMetadata m = f.metadata();
        Shared s = shared.get(m.name());
        if (s != null && s.type == m.type() && s.firstHelp.equals(m.help())) {
          String help =
              m.help().isEmpty()
                  ? "Metric read from " + String.join(", ", s.withoutHelp)
                  : m.help();
          for (Sample x : f.samples()) {
            if (seen.add(new Series(x.name(), x.labels()))) {
              out.addPart(m.name(), m.type(), help, x.name(), x.labels(), x.value());
            }
          }
        }
      }
    }
    return agree;
  }
}
