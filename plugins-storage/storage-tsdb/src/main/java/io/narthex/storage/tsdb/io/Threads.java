package io.narthex.storage.tsdb.io;

/** Starts threads of the host. */
public interface Threads {
  /**
   * Starts a thread.
   *
   * @param name says what it does
   */
  Thread start(String name, Runnable work);
}
