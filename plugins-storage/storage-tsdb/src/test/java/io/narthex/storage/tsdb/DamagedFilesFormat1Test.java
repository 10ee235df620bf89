package io.narthex.storage.tsdb;

/** The same with a folder of format 1. */
class DamagedFilesFormat1Test extends DamagedFilesTest {
  @Override
  boolean framed() {
    return false;
  }
}
