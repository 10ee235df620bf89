package io.narthex.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A number that prints as a name. */
record GoEnum(String typeName, long number, String print) implements GoObject {
  @Override
  public @Nullable Object member(String name, List<@Nullable Object> arguments) {
    return name.equals("String") ? print : NO_MEMBER;
  }

  @Override
  public Object json() {
    return number;
  }

  @Override
  public boolean isStringer() {
    return true;
  }

  @Override
  public String goSyntax() {
    return Long.toString(number);
  }
}
