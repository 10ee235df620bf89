package io.narthex.model;

import io.narthex.model.go.GoString;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One condition on a label: {@code name="v"}, {@code !=}, {@code =~} or {@code !~}. A missing label
 * counts as the empty text. Regular expressions are RE2, anchored at both ends, dot matches
 * newline; the host compiles them and hands the compiled test in.
 */
public final class Matcher {
  /** The kind of a condition. */
  public enum Type {
    /** Value equals. */
    EQUAL("="),
    /** Value differs. */
    NOT_EQUAL("!="),
    /** Value matches the whole regular expression. */
    REGEX("=~"),
    /** Value does not match the whole regular expression. */
    NOT_REGEX("!~");

    private final String symbol;

    Type(String symbol) {
      this.symbol = symbol;
    }

    /** Returns the operator as written in a selector. */
    public String symbol() {
      return symbol;
    }
  }

  private final Type type;
  private final String name;
  private final String value;
  private final @Nullable Predicate<String> regex;

  private Matcher(Type type, String name, String value, @Nullable Predicate<String> regex) {
    this.type = Objects.requireNonNull(type, "type");
    this.name = Objects.requireNonNull(name, "name");
    this.value = Objects.requireNonNull(value, "value");
    this.regex = regex;
  }

  /** Returns the condition {@code name="value"}. */
  public static Matcher equal(String name, String value) {
    return new Matcher(Type.EQUAL, name, value, null);
  }

  /** Returns the condition {@code name!="value"}. */
  public static Matcher notEqual(String name, String value) {
    return new Matcher(Type.NOT_EQUAL, name, value, null);
  }

  /**
   * Returns the condition {@code name=~"pattern"}.
   *
   * @param pattern the text of the expression, for display, planning and comparison
   * @param fullMatch tells whether a value matches the whole expression; thread-safe
   */
  public static Matcher regex(String name, String pattern, Predicate<String> fullMatch) {
    return new Matcher(Type.REGEX, name, pattern, Objects.requireNonNull(fullMatch, "fullMatch"));
  }

  /** Returns the condition {@code name!~"pattern"}; see {@link #regex}. */
  public static Matcher notRegex(String name, String pattern, Predicate<String> fullMatch) {
    return new Matcher(
        Type.NOT_REGEX, name, pattern, Objects.requireNonNull(fullMatch, "fullMatch"));
  }

  /** Returns the kind of the condition. */
  public Type type() {
    return type;
  }

  /** Returns the label's name. */
  public String name() {
    return name;
  }

  /** Returns the value or the text of the regular expression. */
  public String value() {
    return value;
  }

  /**
   * Returns the compiled expression when it says what its matches look like; null for a condition
   * without an expression, or when the predicate handed in says nothing.
   */
  public @Nullable CompiledRegex compiled() {
    return regex instanceof CompiledRegex known ? known : null;
  }

  /** Tells whether a label value meets the condition; the empty text stands for a missing label. */
  public boolean matches(String candidate) {
    return switch (type) {
      case EQUAL -> value.equals(candidate);
      case NOT_EQUAL -> !value.equals(candidate);
      case REGEX -> Objects.requireNonNull(regex).test(candidate);
      case NOT_REGEX -> !Objects.requireNonNull(regex).test(candidate);
    };
  }

  /** Tells whether a series without the label meets the condition. */
  public boolean matchesEmpty() {
    return matches("");
  }

  /** Tells whether a label set meets the condition. */
  public boolean matches(Labels labels) {
    return matches(labels.get(name));
  }

  /** Two matchers are equal when kind, name and text are. */
  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof Matcher m && type == m.type && name.equals(m.name) && value.equals(m.value);
  }

  @Override
  public int hashCode() {
    return Objects.hash(type, name, value);
  }

  @Override
  public String toString() {
    return name + type.symbol() + GoString.quote(value);
  }
}
