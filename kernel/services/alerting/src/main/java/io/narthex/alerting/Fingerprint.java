package io.narthex.alerting;

import io.narthex.model.Labels;
import io.narthex.text.number.Fnv1a;

/** The identity of a label set: FNV-1a, 64 bits, over name, 0xff, value, 0xff in order of names. */
final class Fingerprint {
  private static final byte END = (byte) 0xff;

  private Fingerprint() {}

  static long of(Labels labels) {
    long h = Fnv1a.EMPTY;
    for (int i = 0; i < labels.size(); i++) {
      h = Fnv1a.add(Fnv1a.add(h, labels.name(i)), END);
      h = Fnv1a.add(Fnv1a.add(h, labels.value(i)), END);
    }
    return h;
  }

  /** Returns the fingerprint of labels as 16 hexadecimal digits. */
  static String text(Labels labels) {
    return text(of(labels));
  }

  static String text(long fingerprint) {
    String hex = Long.toHexString(fingerprint);
    return "0".repeat(16 - hex.length()) + hex;
  }
}
