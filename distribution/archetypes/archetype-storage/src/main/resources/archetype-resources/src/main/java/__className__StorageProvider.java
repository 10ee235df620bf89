package ${package};

import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageProvider;

/** Offers the storage type {@code ${type}}. */
public final class ${className}StorageProvider implements StorageProvider<${className}Config> {
  @Override
  public String type() {
    return "${type}";
  }

  @Override
  public Class<${className}Config> configType() {
    return ${className}Config.class;
  }

  /**
   * Reads what is in {@code context.dataDirectory()} and is ready on return; throw a
   * StorageException when the data cannot be used.
   */
  @Override
  public Storage open(${className}Config config, StorageContext context) {
    return new ${className}Storage(config, context);
  }
}
