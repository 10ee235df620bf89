package io.narthex.exporter.jvm.jmx;

import java.io.IOException;

/** Says, for users, why a JVM gave no metrics. */
public final class JmxException extends IOException {
  private static final long serialVersionUID = 1;

  /** Creates one. */
  public JmxException(String message) {
    super(message);
  }

  /** Creates one with its cause. */
  public JmxException(String message, Throwable cause) {
    super(message, cause);
  }
}
