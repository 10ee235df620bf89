package io.narthex.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A function that templates can call.
 *
 * @param least arguments it needs
 * @param most arguments it takes; -1 = any number
 * @param body the code; a {@link GoTemplateException} is an error of the call
 */
record GoFunction(int least, int most, Body body) {
  /** The code of a function. */
  @FunctionalInterface
  interface Body {
    @Nullable Object call(List<@Nullable Object> arguments);
  }

  static GoFunction of(int arguments, Body body) {
    return new GoFunction(arguments, arguments, body);
  }

  static GoFunction atLeast(int arguments, Body body) {
    return new GoFunction(arguments, -1, body);
  }
}
