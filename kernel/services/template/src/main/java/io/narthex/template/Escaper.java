package io.narthex.template;

import io.narthex.template.Node.Command;
import org.jspecify.annotations.Nullable;

/** A function that html/template takes for its own escaper where an action ends with it. */
enum Escaper {
  HTML("html"),
  URL_QUERY("urlquery");

  private final String function;

  Escaper(String function) {
    this.function = function;
  }

  /** Returns the escaper that a command calls, or null when it calls something else. */
  static @Nullable Escaper of(Command command) {
    if (command.operands().get(0) instanceof Node.Function f) {
      for (Escaper e : values()) {
        if (e.function.equals(f.name())) {
          return e;
        }
      }
    }
    return null;
  }

  String apply(String text) {
    return switch (this) {
      case HTML -> Escapes.html(text);
      case URL_QUERY -> Escapes.query(text);
    };
  }

  /** Returns the complaint about a use that html/template refuses. */
  String disallowed() {
    return "predefined escaper \"" + function + "\" disallowed in template";
  }
}
