package io.narthex.storage.tsdb;

import io.narthex.storage.tsdb.head.Head;
import io.narthex.storage.tsdb.metrics.Counters;
import io.narthex.testkit.FakeClock;

/** Heads without a database. */
public final class TestHeads {
  private TestHeads() {}

  public static Head empty() {
    return new Head(new Counters(), new FakeClock(TestDb.T0));
  }
}
