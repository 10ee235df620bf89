package io.narthex.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A structure that templates can look into. */
interface GoObject {
  /** The answer of {@link #member} when there is no such field or method. */
  Object NO_MEMBER = new Object();

  /** Returns a field, or calls a method. */
  @Nullable Object member(String name, List<@Nullable Object> arguments);

  /** Returns the text that {@code print} gives. */
  String print();

  /** Returns the text that {@code printf "%#v"} gives. */
  default String goSyntax() {
    return print();
  }

  /** Returns the plain value that JSON is made of. */
  @Nullable Object json();

  /** Returns the name of the type, for messages. */
  String typeName();

  /** Returns the value as a list or map for range, len and index, or null when it is neither. */
  default @Nullable Object collection() {
    return null;
  }
}
