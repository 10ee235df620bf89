package io.narthex.exporter.node;

import io.narthex.model.Labels;
import io.narthex.model.MetricType;
import io.narthex.model.go.GoGlob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Metrics that other programs write to {@code *.prom} files. */
final class TextfileCollector {
  private static final Logger LOG = LoggerFactory.getLogger(TextfileCollector.class);

  private TextfileCollector() {}

  static void collect(Host host, Out out) throws IOException {
    List<String> directories = host.flags.all("collector.textfile.directory");
    boolean failed = false;
    for (String directory : directories) {
      for (Path folder : folders(directory)) {
        for (Path file : Host.list(folder)) {
          if (!Host.name(file).endsWith(".prom")) {
            continue;
          }
          Out one = new Out();
          try {
            read(file, one);
            out.addAll(one);
            out.add(
                "node_textfile_mtime_seconds",
                MetricType.GAUGE,
                "Unixtime mtime of textfiles successfully read.",
                Files.getLastModifiedTime(file).toMillis() / 1000.0,
                "file",
                file.toString());
          } catch (IOException | RuntimeException e) {
            failed = true;
            LOG.warn("textfile {}: {}", file, e.getMessage());
          }
        }
      }
    }
    out.add(
        "node_textfile_scrape_error",
        MetricType.GAUGE,
        "1 if there was an error opening or reading a file, 0 otherwise",
        failed ? 1 : 0);
  }

  /** Returns the folders that match a pattern. */
  private static List<Path> folders(String pattern) throws IOException {
    if (!GoGlob.isPattern(pattern)) {
      return List.of(Path.of(pattern));
    }
    return GoGlob.expand(Path.of(""), pattern).stream().filter(Files::isDirectory).toList();
  }

  private static void read(Path file, Out out) throws IOException {
    Map<String, String> helps = new HashMap<>();
    Map<String, MetricType> types = new HashMap<>();
    String fallback = "Metric read from " + file;
    int number = 0;
    for (String line : Host.lines(file)) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      if (line.startsWith("#")) {
        String[] w = line.split(" ", 4);
        if (w.length == 4 && w[1].equals("HELP")) {
          helps.put(w[2], w[3].replace("\\n", "\n").replace("\\\\", "\\"));
        } else if (w.length == 4 && w[1].equals("TYPE")) {
          types.put(w[2], Out.type(w[3].strip()));
        }
        continue;
      }
      sample(line, number, out, helps, types, fallback);
    }
  }

  private static void sample(
      String line,
      int number,
      Out out,
      Map<String, String> helps,
      Map<String, MetricType> types,
      String fallback)
      throws IOException {
    int at = 0;
    while (at < line.length() && "{ \t".indexOf(line.charAt(at)) < 0) {
      at++;
    }
    String name = line.substring(0, at);
    Labels.Builder labels = Labels.builder();
    if (at < line.length() && line.charAt(at) == '{') {
      at++;
      while (true) {
        while (at < line.length() && ", ".indexOf(line.charAt(at)) >= 0) {
          at++;
        }
        if (at < line.length() && line.charAt(at) == '}') {
          at++;
          break;
        }
        int eq = line.indexOf('=', at);
        if (eq < 0 || eq + 1 >= line.length() || line.charAt(eq + 1) != '"') {
          throw new IOException("line " + number + ": labels must be name=\"value\"");
        }
        String label = line.substring(at, eq).strip();
        StringBuilder value = new StringBuilder();
        at = eq + 2;
        while (at < line.length() && line.charAt(at) != '"') {
          char c = line.charAt(at++);
          if (c == '\\' && at < line.length()) {
            char e = line.charAt(at++);
            value.append(e == 'n' ? '\n' : e);
          } else {
            value.append(c);
          }
        }
        if (at >= line.length()) {
          throw new IOException("line " + number + ": label value has no end");
        }
        at++;
        labels.set(label, value.toString());
      }
    }
    String[] f = Host.words(line.substring(at));
    if (f.length > 1) {
      throw new IOException("line " + number + ": samples must not have timestamps");
    }
    if (f.length == 0 || name.isEmpty()) {
      throw new IOException("line " + number + ": a sample is a name and a value");
    }
    double v =
        switch (f[0]) {
          case "+Inf", "Inf" -> Double.POSITIVE_INFINITY;
          case "-Inf" -> Double.NEGATIVE_INFINITY;
          default -> Double.parseDouble(f[0]);
        };
    String family = name;
    for (String suffix : List.of("_bucket", "_sum", "_count")) {
      if (name.endsWith(suffix)) {
        String base = name.substring(0, name.length() - suffix.length());
        MetricType t = types.get(base);
        if (t == MetricType.HISTOGRAM || t == MetricType.SUMMARY) {
          family = base;
        }
      }
    }
    out.addPart(
        family,
        types.getOrDefault(family, MetricType.UNKNOWN),
        helps.getOrDefault(family, fallback),
        name,
        labels.build(),
        v);
  }
}
