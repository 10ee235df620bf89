package io.narthex.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A value with fields and methods that templates can use. */
interface GoObject {
  /** Returned by {@link #member} when there is no such field or method. */
  Object NO_MEMBER = new Object();

  /** Returns a field, or calls a method. */
  @Nullable Object member(String name, List<@Nullable Object> arguments);

  /** Formats as {@code print} does. */
  String print();

  /** Formats as {@code printf "%#v"} does. */
  default String goSyntax() {
    return print();
  }

  /** Returns the value to encode as JSON. */
  @Nullable Object json();

  /** Returns whether the type has a method String, which scripts of a page prefer to JSON. */
  default boolean isStringer() {
    return false;
  }

  /** Returns the name of the type, for messages. */
  String typeName();

  /** Returns the value as a list or map for range, len and index, or null when it is neither. */
  default @Nullable Object collection() {
    return null;
  }
}
