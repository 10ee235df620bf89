package io.narthex.promql;

import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What the parser accepts.
 *
 * @param experimentalFunctions functions and aggregations marked experimental
 * @param extendedRangeSelectors {@code anchored} and {@code smoothed}
 * @param binopFill {@code fill}, {@code fill_left}, {@code fill_right}
 * @param regex compiles regular expressions
 * @param extraFunctions functions in addition to the built-in ones, by name
 */
public record ParserOptions(
    boolean experimentalFunctions,
    boolean extendedRangeSelectors,
    boolean binopFill,
    RegexCompiler regex,
    FunctionSource extraFunctions) {
  /** Functions in addition to the built-in ones. */
  @FunctionalInterface
  public interface FunctionSource {
    /** Returns the function of a name, or null. */
    @Nullable FunctionSignature find(String name);
  }

  /** Compiles regular expressions. */
  @FunctionalInterface
  public interface RegexCompiler {
    /**
     * Returns the test whether a value matches the whole expression.
     *
     * @throws IllegalArgumentException when the expression is malformed; its message is shown
     */
    Predicate<String> compile(String pattern);
  }

  /** Refuses null parts. */
  public ParserOptions {
    Objects.requireNonNull(regex, "regex");
    Objects.requireNonNull(extraFunctions, "extraFunctions");
  }

  /** Returns options with everything experimental off. */
  public static ParserOptions standard(RegexCompiler regex) {
    return new ParserOptions(false, false, false, regex, name -> null);
  }

  /** Returns options with everything on. */
  public static ParserOptions everything(RegexCompiler regex) {
    return new ParserOptions(true, true, true, regex, name -> null);
  }

  @Nullable FunctionSignature function(String name) {
    FunctionSignature builtIn = Functions.get(name);
    return builtIn != null ? builtIn : extraFunctions.find(name);
  }
}
