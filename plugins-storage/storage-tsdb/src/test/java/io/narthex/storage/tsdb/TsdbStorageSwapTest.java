package io.narthex.storage.tsdb;

import io.narthex.testkit.swap.PluginSwap;
import org.junit.jupiter.api.Test;

class TsdbStorageSwapTest {
  @Test
  void noSampleIsLostAndNothingStays() {
    PluginSwap.swap(TsdbStorageProvider.class).losesNoSample(true);
  }
}
