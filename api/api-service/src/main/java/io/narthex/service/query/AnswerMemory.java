package io.narthex.service.query;

import org.jspecify.annotations.Nullable;

/**
 * The memory of one answer, for a caller that keeps it for a while, for example until a slow client
 * has taken it. The engine counts it as in use until this is closed; without it an answer counts as
 * dropped when it is returned. Confined to one thread but for {@link #hold}.
 */
public final class AnswerMemory implements AutoCloseable {
  private volatile @Nullable Runnable giveBack;

  /** Creates one for a query to come. */
  public AnswerMemory() {}

  /**
   * Notes what is to be done when the answer is dropped; called by the engine before it returns.
   *
   * @param onClose called once
   */
  public void hold(Runnable onClose) {
    close();
    giveBack = onClose;
  }

  /** Says that the answer is used no more. Idempotent. */
  @Override
  public void close() {
    Runnable r = giveBack;
    giveBack = null;
    if (r != null) {
      r.run();
    }
  }
}
