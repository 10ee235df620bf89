package io.narthex.storage.tsdb;

/** The same with a folder of format 1. */
class CommitQueueFormat1Test extends CommitQueueTest {
  @Override
  boolean framed() {
    return false;
  }
}
