package io.narthex.storage.tsdb;

import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.spi.storage.StorageProvider;
import io.narthex.storage.tsdb.io.LocalDisk;
import org.osgi.service.component.annotations.Component;

/** Offers the storage type {@code tsdb}, the default. */
@Component(service = StorageProvider.class)
public final class TsdbStorageProvider implements StorageProvider<TsdbConfig> {
  @Override
  public String type() {
    return "tsdb";
  }

  @Override
  public Class<TsdbConfig> configType() {
    return TsdbConfig.class;
  }

  @Override
  public Storage open(TsdbConfig config, StorageContext context) {
    return TsdbStorage.open(config, context, true);
  }

  /**
   * Looks at the format of the folder and of its blocks. What is damaged in it does not count, as
   * {@link #open} serves the rest.
   */
  @Override
  public void probe(TsdbConfig config, StorageContext context) {
    FsyncPolicy.parse(config.walFsync());
    DataFolder.check(LocalDisk.INSTANCE, context.dataDirectory());
  }
}
