package io.narthex.storage.tsdb;

/** The same with a folder of format 1. */
class CrashFormat1Test extends CrashTest {
  @Override
  boolean framed() {
    return false;
  }
}
