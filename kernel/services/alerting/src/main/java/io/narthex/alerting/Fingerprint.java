package io.narthex.alerting;

import io.narthex.model.Labels;
import java.nio.charset.StandardCharsets;

/** The identity of a label set: FNV-1a, 64 bits, over name, 0xff, value, 0xff in order of names. */
final class Fingerprint {
  private static final long OFFSET = 0xcbf29ce484222325L;
  private static final long PRIME = 0x100000001b3L;

  private Fingerprint() {}

  static long of(Labels labels) {
    long h = OFFSET;
    for (int i = 0; i < labels.size(); i++) {
      h = add(h, labels.name(i));
      h = add(h, labels.value(i));
    }
    return h;
  }

  private static long add(long hash, String text) {
    long h = hash;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      h = (h ^ (b & 255)) * PRIME;
    }
    return (h ^ 255) * PRIME;
  }

  /** Returns 16 hexadecimal digits. */
  static String text(Labels labels) {
    return text(of(labels));
  }

  static String text(long fingerprint) {
    String hex = Long.toHexString(fingerprint);
    return "0".repeat(16 - hex.length()) + hex;
  }
}
