package io.narthex.storage.tsdb;

/** The same with a folder of format 1. */
class CrashPointsFormat1Test extends CrashPointsTest {
  @Override
  boolean framed() {
    return false;
  }
}
