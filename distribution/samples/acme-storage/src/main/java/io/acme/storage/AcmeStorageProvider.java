package io.acme.storage;

import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageProvider;
import org.osgi.service.component.annotations.Component;

/** Offers the storage type {@code acme}. */
@Component(service = StorageProvider.class)
public final class AcmeStorageProvider implements StorageProvider<AcmeConfig> {
  @Override
  public String type() {
    return "acme";
  }

  @Override
  public Class<AcmeConfig> configType() {
    return AcmeConfig.class;
  }

  @Override
  public Storage open(AcmeConfig config, StorageContext context) {
    return new AcmeStorage(config, context);
  }
}
