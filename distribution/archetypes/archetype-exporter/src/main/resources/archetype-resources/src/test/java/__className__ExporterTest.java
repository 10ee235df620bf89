package ${package};

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.spi.exporter.Exporter;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.exporter.ExporterKit;
import io.narthex.testkit.exporter.RecordingMetrics;
import io.narthex.testkit.swap.PluginSwap;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The kit's checks for every exporter, and those of this one. */
class ${className}ExporterTest extends ExporterKit {
  @Override
  protected Exporter open(PluginContext context) {
    return new ${className}Exporter()
        .open(new ${className}Config(List.of(".", "absent")), context);
  }

  @Test
  void countsFilesAndBytes() throws Exception {
    Files.writeString(directory.resolve("one"), "12345");
    Files.writeString(directory.resolve("two"), "678");
    try (Exporter exporter = open(context())) {
      RecordingMetrics metrics = collect(exporter);
      assertThat(metrics.samples())
          .containsEntry(series("${type}_folder_files", "."), 2.0)
          .containsEntry(series("${type}_folder_bytes", "."), 8.0);
    }
  }

  @Test
  void aBrokenFolderCostsItsOwnSamplesOnly() throws Exception {
    try (Exporter exporter = open(context())) {
      RecordingMetrics metrics = collect(exporter);
      assertThat(metrics.samples())
          .containsEntry(series("${type}_folder_readable", "."), 1.0)
          .containsEntry(series("${type}_folder_readable", "absent"), 0.0)
          .containsKey(series("${type}_folder_files", "."))
          .doesNotContainKey(series("${type}_folder_files", "absent"));
    }
  }

  @Test
  void losesNoScrapeWhenItIsReplaced() {
    PluginSwap.swap(${className}Exporter.class)
        .settings(Map.of("folders", List.of(directory.toString())))
        .losesNoScrape();
  }

  private Labels series(String name, String folder) {
    return Labels.of("__name__", name, "folder", directory.resolve(folder).normalize().toString());
  }
}
