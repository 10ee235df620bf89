package io.narthex.storage.tsdb;

import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.testkit.storage.StorageKit;

class TsdbStorageTest extends StorageKit {
  @Override
  protected Storage open(StorageContext context) {
    return new TsdbStorageProvider().open(TsdbConfig.DEFAULT, context);
  }

  @Override
  protected boolean isPersistent() {
    return true;
  }
}
