package io.narthex.service.query;

import org.jspecify.annotations.Nullable;

/**
 * The memory of one result, for a caller that keeps it for a while, for example until a slow client
 * has received it. The engine counts it as in use until this is closed; without it a result counts
 * as released when it is returned. Confined to one thread except {@link #hold}.
 */
public final class AnswerMemory implements AutoCloseable {
  private volatile @Nullable Runnable giveBack;

  /** Creates one for one query. */
  public AnswerMemory() {}

  /**
   * Sets the action that releases the memory; called by the engine before it returns.
   *
   * @param onClose called once
   */
  public void hold(Runnable onClose) {
    close();
    giveBack = onClose;
  }

  /** Releases the memory. Idempotent. */
  @Override
  public void close() {
    Runnable r = giveBack;
    giveBack = null;
    if (r != null) {
      r.run();
    }
  }
}
