package io.narthex.exporter.jvm.jmx;

/**
 * The text that a pattern is matched against. A pattern that takes exponential time asks for
 * characters again and again, which is where the deadline is checked.
 */
final class BoundedText implements CharSequence {
  private static final int STRIDE = 1 << 12;

  /** Thrown out of a match that takes too long. */
  static final class TooSlow extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooSlow() {
      super("a match takes too long", null, false, false);
    }
  }

  private final String text;
  private final Deadline deadline;
  private int reads;

  BoundedText(String text, Deadline deadline) {
    this.text = text;
    this.deadline = deadline;
  }

  @Override
  public char charAt(int index) {
    if ((++reads & (STRIDE - 1)) == 0
        && (deadline.isOver() || Thread.currentThread().isInterrupted())) {
      throw new TooSlow();
    }
    return text.charAt(index);
  }

  @Override
  public int length() {
    return text.length();
  }

  @Override
  public CharSequence subSequence(int start, int end) {
    return text.substring(start, end);
  }

  @Override
  public String toString() {
    return text;
  }
}
