package io.narthex.storage.tsdb.head;

import io.narthex.storage.tsdb.io.ByteSink;

/** Where records of one type go. */
public interface Records {
  /** Begins a record; returns where its body goes. */
  ByteSink begin();

  void end();
}
