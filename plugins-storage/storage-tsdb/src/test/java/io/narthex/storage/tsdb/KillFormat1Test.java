package io.narthex.storage.tsdb;

/** The same with a folder of format 1. */
class KillFormat1Test extends KillTest {
  @Override
  boolean framed() {
    return false;
  }
}
