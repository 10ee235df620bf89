package io.narthex.alerting;

import java.time.Instant;

/** Clock and threads, so that tests can let hours pass in no time. */
interface Timers extends AutoCloseable {
  /** Returns the current time. */
  Instant now();

  /** Runs an action once at a time, on a thread of its own. */
  Task at(Instant time, String name, Runnable action);

  /** Runs an action now, on a thread of its own. */
  void run(String name, Runnable action);

  @Override
  void close();

  /** An action that waits for its time. */
  interface Task {
    /** Cancels the action unless it has started. */
    void cancel();
  }
}
