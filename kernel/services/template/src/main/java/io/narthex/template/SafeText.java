package io.narthex.template;

/** A text that its author vouches for: it is not escaped where its kind belongs. */
record SafeText(Kind kind, String text) {
  enum Kind {
    HTML,
    URL
  }
}
