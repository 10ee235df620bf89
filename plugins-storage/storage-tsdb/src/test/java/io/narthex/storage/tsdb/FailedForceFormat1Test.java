package io.narthex.storage.tsdb;

/** The same with a folder of format 1. */
class FailedForceFormat1Test extends FailedForceTest {
  @Override
  boolean framed() {
    return false;
  }
}
