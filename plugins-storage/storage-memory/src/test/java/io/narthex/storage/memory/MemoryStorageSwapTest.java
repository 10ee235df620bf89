package io.narthex.storage.memory;

import io.narthex.testkit.swap.PluginSwap;
import org.junit.jupiter.api.Test;

class MemoryStorageSwapTest {
  @Test
  void samplesOfTheNewVersionAreThereAndNothingStays() {
    PluginSwap.swap(MemoryStorageProvider.class).losesNoSample(false);
  }
}
