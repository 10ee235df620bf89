package io.narthex.storage.memory;

import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageProvider;
import org.osgi.service.component.annotations.Component;

/** Offers the storage type {@code memory}. */
@Component(service = StorageProvider.class)
public final class MemoryStorageProvider implements StorageProvider<MemoryConfig> {
  @Override
  public String type() {
    return "memory";
  }

  @Override
  public Class<MemoryConfig> configType() {
    return MemoryConfig.class;
  }

  @Override
  public Storage open(MemoryConfig config, StorageContext context) {
    return new MemoryStorage(config, context.referenceBase(), context.clock());
  }
}
