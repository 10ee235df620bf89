package io.narthex.model;

import io.narthex.model.go.GoString;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One condition on a label: {@code name="v"}, {@code !=}, {@code =~} or {@code !~}. A missing label
 * counts as the empty string. Regular expressions are RE2, anchored at both ends, and the dot
 * matches a line feed; the host compiles them and passes the compiled test in. Immutable and
 * thread-safe.
 */
public final class Matcher {
  /** The kind of a matcher. */
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

  /** Returns the matcher {@code name="value"}. */
  public static Matcher equal(String name, String value) {
    return new Matcher(Type.EQUAL, name, value, null);
  }

  /** Returns the matcher {@code name!="value"}. */
  public static Matcher notEqual(String name, String value) {
    return new Matcher(Type.NOT_EQUAL, name, value, null);
  }

  /**
   * Returns the matcher {@code name=~"pattern"}.
   *
   * @param pattern the expression as a string, for display, planning and comparison
   * @param fullMatch returns whether the whole value matches the expression; thread-safe
   */
  public static Matcher regex(String name, String pattern, Predicate<String> fullMatch) {
    return new Matcher(Type.REGEX, name, pattern, Objects.requireNonNull(fullMatch, "fullMatch"));
  }

  /** Returns the matcher {@code name!~"pattern"}; see {@link #regex}. */
  public static Matcher notRegex(String name, String pattern, Predicate<String> fullMatch) {
    return new Matcher(
        Type.NOT_REGEX, name, pattern, Objects.requireNonNull(fullMatch, "fullMatch"));
  }

  /** Returns the kind of the matcher. */
  public Type type() {
    return type;
  }

  /** Returns the label name. */
  public String name() {
    return name;
  }

  /** Returns the value or the regular expression. */
  public String value() {
    return value;
  }

  /**
   * Returns the compiled expression if the predicate passed in is a {@link CompiledRegex}; null
   * otherwise, and for matchers without an expression.
   */
  public @Nullable CompiledRegex compiled() {
    return regex instanceof CompiledRegex known ? known : null;
  }

  /** Returns whether a label value matches; the empty string stands for a missing label. */
  public boolean matches(String candidate) {
    return switch (type) {
      case EQUAL -> value.equals(candidate);
      case NOT_EQUAL -> !value.equals(candidate);
      case REGEX -> Objects.requireNonNull(regex).test(candidate);
      case NOT_REGEX -> !Objects.requireNonNull(regex).test(candidate);
    };
  }

  /** Returns whether a series without the label matches. */
  public boolean matchesEmpty() {
    return matches("");
  }

  /** Returns whether a label set matches. */
  public boolean matches(Labels labels) {
    return matches(labels.get(name));
  }

  /** Two matchers are equal when kind, name and value are. */
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
