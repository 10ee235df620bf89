package io.narthex.storage.tsdb;

/** The same with a folder of format 1. */
class MaintenanceFormat1Test extends MaintenanceTest {
  @Override
  boolean framed() {
    return false;
  }
}
