package io.narthex.storage.tsdb;

import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.testkit.storage.StorageKit;
import java.time.Duration;

class TsdbStorageTest extends StorageKit {
  @Override
  protected Storage open(StorageContext context) {
    return new TsdbStorageProvider().open(TsdbConfig.DEFAULT, context);
  }

  @Override
  protected boolean isPersistent() {
    return true;
  }

  @Override
  protected Storage openOutOfOrder(StorageContext context) {
    return new TsdbStorageProvider()
        .open(TestDb.config(Duration.ZERO, 0, Duration.ofHours(1), 64 << 20), context);
  }

  @Override
  protected boolean kill(Storage running) {
    ((TsdbStorage) running).crash();
    return true;
  }
}
