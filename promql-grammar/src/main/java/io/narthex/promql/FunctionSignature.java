package io.narthex.promql;

import java.util.List;

/**
 * What a call of a function must look like.
 *
 * @param name the name in queries
 * @param arguments types of the arguments
 * @param variadic how many of the last arguments may be left out or added: 0 none, n up to n
 *     arguments from the last one on (the last may be missing), -1 any number
 * @param returnType the type of the result
 * @param experimental whether it has to be switched on
 */
public record FunctionSignature(
    String name,
    List<ValueType> arguments,
    int variadic,
    ValueType returnType,
    boolean experimental) {
  /** Copies the list. */
  public FunctionSignature {
    arguments = List.copyOf(arguments);
  }
}
