package io.narthex.template;

/** Text declared safe by the template: not escaped in the context of its kind. */
record SafeText(Kind kind, String text) {
  enum Kind {
    HTML,
    URL
  }
}
