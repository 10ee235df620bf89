package io.narthex.discovery.file;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.plugin.PluginContext;
import java.util.Set;
import java.util.regex.Pattern;
import org.osgi.service.component.annotations.Component;

/** Offers the discovery type {@code file}. */
@Component(service = DiscoveryProvider.class)
public final class FileDiscoveryProvider implements DiscoveryProvider<FileConfig> {
  private static final Pattern PATH =
      Pattern.compile("[^*]*(\\*[^/]*)?\\.(json|yml|yaml|JSON|YML|YAML)", 0);

  private static final Set<String> ENDINGS =
      Set.of(".json", ".yml", ".yaml", ".JSON", ".YML", ".YAML");

  @Override
  public String type() {
    return "file";
  }

  @Override
  public Class<FileConfig> configType() {
    return FileConfig.class;
  }

  @Override
  public Discovery open(FileConfig config, PluginContext context) {
    if (config.files().isEmpty()) {
      throw new ConfigException(
          "file service discovery config must contain at least one path name");
    }
    for (String file : config.files()) {
      if (!PATH.matcher(file).matches()) {
        throw new ConfigException(
            "path name \"" + file + "\" is not valid for file discovery" + reason(file));
      }
    }
    return new FileDiscovery(config);
  }

  private static String reason(String file) {
    String name = file.substring(file.lastIndexOf('/') + 1);
    String extension = name.indexOf('.') < 0 ? "" : name.substring(name.lastIndexOf('.'));
    return ENDINGS.contains(extension)
        ? "; * may stand in the last part only"
        : ": invalid file extension: \"" + extension + "\"; use .json, .yml or .yaml";
  }
}
