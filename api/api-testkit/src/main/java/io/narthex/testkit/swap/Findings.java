package io.narthex.testkit.swap;

import java.util.ArrayList;
import java.util.List;

/** Messages about what went wrong in a swap. Thread-safe. */
final class Findings {
  private final List<String> all = new ArrayList<>();

  synchronized void add(String text) {
    if (!all.contains(text)) {
      all.add(text);
    }
  }

  synchronized List<String> all() {
    return List.copyOf(all);
  }
}
