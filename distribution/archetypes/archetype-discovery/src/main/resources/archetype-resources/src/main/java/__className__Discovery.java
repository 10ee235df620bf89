package ${package};

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.discovery.TargetSink;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Offers {@code ${type}_sd_configs}: the targets in a text file, one per line. */
public final class ${className}Discovery implements DiscoveryProvider<${className}Config> {
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
  public Discovery open(${className}Config config, PluginContext context) {
    Path file = context.configDirectory().resolve(config.file());
    return sink -> follow(file, config, sink);
  }

  /** Runs on a thread of the server until it is interrupted. */
  private static void follow(Path file, ${className}Config config, TargetSink sink)
      throws InterruptedException {
    TargetGroup last = null;
    while (true) {
      try {
        TargetGroup now = targets(file);
        if (!now.equals(last)) {
          sink.update(List.of(now));
          last = now;
        }
      } catch (IOException e) {
        // the previous targets stay; the console and a metric report it
        sink.refreshFailed(file + " cannot be read: " + e.getMessage());
      }
      Thread.sleep(config.refreshInterval().toMillis());
    }
  }

  /** Reads your source. For HTTP use context.http(): an interrupt ends its waits. */
  private static TargetGroup targets(Path file) throws IOException {
    List<Map<String, String>> targets =
        Files.readAllLines(file).stream()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .map(line -> Map.of(TargetGroup.ADDRESS, line))
            .toList();
    return new TargetGroup(
        file.toString(), Map.of("__meta_${type}_file", file.toString()), targets);
  }
}
