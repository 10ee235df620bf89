package ${package};

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.exporter.MetricSink;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Offers {@code /exporters/${type}/metrics}: the number of files in folders, and their size. */
public final class ${className}Exporter implements ExporterProvider<${className}Config> {
  @Override
  public String type() {
    return "${type}";
  }

  @Override
  public Class<${className}Config> configType() {
    return ${className}Config.class;
  }

  /** Checks what the record cannot express; throw a ConfigException here. No I/O yet. */
  @Override
  public Exporter open(${className}Config config, PluginContext context) {
    return new Folders(
        config.folders().stream()
            .map(folder -> context.configDirectory().resolve(folder).normalize())
            .toList());
  }

  /** The content of one folder; readable is 0 when it cannot be listed. */
  private record Folder(Path path, int readable, long files, long bytes) {}

  private record Folders(List<Path> paths) implements Exporter {
    /** Called for every scrape, one at a time, on a thread of the server. */
    @Override
    public void collect(MetricSink sink, Map<String, List<String>> parameters)
        throws InterruptedException {
      List<Folder> folders = new ArrayList<>();
      for (Path path : paths) {
        if (Thread.interrupted()) {
          throw new InterruptedException(); // scrape_timeout is over
        }
        folders.add(look(path));
      }
      // one family after the other, each with all its samples
      gauge(sink, "${type}_folder_readable", "Whether the folder can be listed", "");
      for (Folder f : folders) {
        sink.sample("${type}_folder_readable", labels(f), f.readable());
      }
      gauge(sink, "${type}_folder_files", "Files in the folder, without its subfolders", "");
      for (Folder f : folders) {
        if (f.readable() == 1) {
          sink.sample("${type}_folder_files", labels(f), f.files());
        }
      }
      gauge(sink, "${type}_folder_bytes", "Size of these files", "bytes");
      for (Folder f : folders) {
        if (f.readable() == 1) {
          sink.sample("${type}_folder_bytes", labels(f), f.bytes());
        }
      }
    }

    private static void gauge(MetricSink sink, String name, String help, String unit) {
      sink.family(new MetricMetadata(name, MetricType.GAUGE, help, unit));
    }

    private static Labels labels(Folder folder) {
      return Labels.of("folder", folder.path().toString());
    }

    /** Measures your source. A failed one costs only its own samples. */
    private static Folder look(Path path) {
      long files = 0;
      long bytes = 0;
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(path, Files::isRegularFile)) {
        for (Path entry : entries) {
          files++;
          bytes += Files.size(entry);
        }
      } catch (IOException e) {
        return new Folder(path, 0, 0, 0);
      }
      return new Folder(path, 1, files, bytes);
    }

    @Override
    public void close() {
      // nothing to close; close connections and the like here
    }
  }
}
