package io.narthex.storage.tsdb;

/** The same with a folder of format 1. */
class TsdbCommandFormat1Test extends TsdbCommandTest {
  @Override
  boolean framed() {
    return false;
  }
}
