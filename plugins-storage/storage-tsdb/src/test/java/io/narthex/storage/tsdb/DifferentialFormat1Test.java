package io.narthex.storage.tsdb;

/** The same with a folder of format 1. */
class DifferentialFormat1Test extends DifferentialTest {
  @Override
  boolean framed() {
    return false;
  }
}
