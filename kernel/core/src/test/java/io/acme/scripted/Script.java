package io.acme.scripted;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/** What a scripted plugin does: a word in a file of its jar, and what follows it. */
final class Script {
  /** Property of the test: while it is set, what is deaf does not come back. */
  static final String DEAF = "scripted.deaf";

  private static final ThreadLocal<Script> LOCAL = new ThreadLocal<>();
  private static final ThreadLocal<Script> INHERITABLE = new InheritableThreadLocal<>();

  /** Takes what would fill the heap. */
  static long[] kept = {};

  private Script() {}

  /** Returns the whole text. */
  static String text() {
    try (InputStream in = Script.class.getResourceAsStream("/behaviour")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns what follows a word, or empty when the text does not begin with it. */
  static String after(String word) {
    return text().startsWith(word + " ") ? text().substring(word.length() + 1) : "";
  }

  /** Throws when the script says so. */
  static void maybeThrow(String where) {
    if (text().startsWith("throw " + where)) {
      throw new IllegalStateException("boom in " + where);
    }
    if (text().startsWith("exit " + where)) {
      Runtime.getRuntime().exit(7);
    }
    if (text().startsWith("halt " + where)) {
      Runtime.getRuntime().halt(7);
    }
    if (text().startsWith("error " + where)) {
      throw new AssertionError("error in " + where);
    }
    if (text().startsWith("oversize " + where)) {
      kept = new long[Integer.MAX_VALUE - 8]; // more than any heap of a test
    }
    if (text().startsWith("local " + where)) {
      LOCAL.set(new Script()); // an object of the plugin stays with the thread of the host
      INHERITABLE.set(new Script());
    }
    if (text().startsWith("fatal " + where)) {
      throw new InternalError("fault in " + where);
    }
    if (text().startsWith("wait " + where)) {
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        throw new IllegalStateException("interrupted in " + where, e);
      }
    }
    while (text().startsWith("deaf " + where) && System.getProperty(DEAF) != null) {
      LockSupport.parkNanos(1_000_000);
      Thread.interrupted();
    }
  }
}
