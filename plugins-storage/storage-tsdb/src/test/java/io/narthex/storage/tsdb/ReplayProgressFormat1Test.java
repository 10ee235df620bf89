package io.narthex.storage.tsdb;

/** The same with a folder of format 1. */
class ReplayProgressFormat1Test extends ReplayProgressTest {
  @Override
  boolean framed() {
    return false;
  }
}
