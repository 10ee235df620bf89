package io.narthex.alerting;

import java.time.Instant;

/** Time and threads, so that tests can let hours pass at once. */
interface Timers extends AutoCloseable {
  /** Returns the present time. */
  Instant now();

  /** Runs an action once at a time, on a thread of its own. */
  Task at(Instant time, String name, Runnable action);

  /** Runs an action soon, on a thread of its own. */
  void run(String name, Runnable action);

  @Override
  void close();

  /** An action that waits for its time. */
  interface Task {
    /** Forgets the action unless it has begun. */
    void cancel();
  }
}
