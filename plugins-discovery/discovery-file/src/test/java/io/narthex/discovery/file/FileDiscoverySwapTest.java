package io.narthex.discovery.file;

import io.narthex.testkit.swap.PluginSwap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileDiscoverySwapTest {
  @Test
  void noTargetIsLostAndNothingStays(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("a.json"), "[{\"targets\": [\"a:1\", \"a:2\"]}]");
    Files.writeString(folder.resolve("b.json"), "[{\"targets\": [\"b:1\"]}]");
    PluginSwap.swap(FileDiscoveryProvider.class)
        .settings(Map.of("files", List.of(folder + "/*.json")))
        .losesNoTarget();
  }
}
