package io.narthex.exporter.jvm;

import io.narthex.testkit.swap.PluginSwap;
import org.junit.jupiter.api.Test;

class JvmExporterSwapTest {
  @Test
  void noScrapeIsLostAndNothingStays() {
    PluginSwap.swap(JvmExporterProvider.class).losesNoScrape();
  }
}
