package io.narthex.spi.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Describes one key of a configuration block; stands on a component of a configuration record.
 *
 * <p>The host binds YAML to records by these annotations alone. Component types it knows: {@code
 * String}, {@code boolean}, {@code int}, {@code long}, {@code double}, {@link java.time.Duration}
 * (Prometheus form, {@code 1h30m}), {@link java.net.URI}, {@link Secret}, {@link ByteSize}, enums
 * (matched by lower-case name), nested records, {@link ConfigNode} (unbound), {@code List} and
 * {@code Map<String, …>} of these. An absent key without default gives {@code false}, zero, the
 * empty text, list or map, a nested record built from its own defaults, or {@code null} for all
 * other types; {@link #optional()} turns the empty ones into {@code null}. Components without this
 * annotation are not bound and get {@code null} or an empty list.
 *
 * <p>From the same annotations come defaults, JSON Schema, the form in the console, the table in
 * the documentation, and which values are hidden.
 */
@Target({
  ElementType.RECORD_COMPONENT,
  ElementType.FIELD,
  ElementType.METHOD,
  ElementType.PARAMETER
})
@Retention(RetentionPolicy.RUNTIME)
@ProviderType // the host alone reads it, so that it may get further members
public @interface Setting {
  /** The YAML key; empty: the component's name in snake_case. */
  String name() default "";

  /** What it is for, one sentence, with unit and range. */
  String help() default "";

  /** The value used when the key is absent, as it would stand in YAML; empty: none. */
  String defaultValue() default "";

  /** Whether an absent or empty value is an error. */
  boolean required() default false;

  /** Whether the components of the nested record stand among the keys of the outer block. */
  boolean inline() default false;

  /**
   * Whether an absent text, list, map or nested record is {@code null} instead of empty. Types
   * without an empty value ({@code Duration}, {@link Secret}, boxed numbers, …) are null when
   * absent anyway.
   */
  boolean optional() default false;

  /** Least value allowed for numbers, sizes and durations (seconds). */
  double min() default Double.NEGATIVE_INFINITY;

  /** Greatest value allowed for numbers, sizes and durations (seconds). */
  double max() default Double.POSITIVE_INFINITY;

  /** Unit of a number, for people: {@code bytes}, {@code requests per second}; since 1.1. */
  String unit() default "";

  /**
   * Regular expression (RE2) that a text has to match as a whole, or each item of a list of texts;
   * an empty text that is not required passes; since 1.1.
   */
  String pattern() default "";

  /**
   * The texts allowed, or the items allowed in a list of texts; none: all. An empty text that is
   * not required passes; since 1.1.
   */
  String[] oneOf() default {};

  /**
   * Keys of the same block that may not be given together with this one, for example {@code
   * "api_key_file"} at {@code api_key}; since 1.1.
   */
  String[] excludes() default {};

  /**
   * Whether the value is hidden wherever configuration is shown, though its type is not {@link
   * Secret}: for lists, maps and unbound values; since 1.1.
   */
  boolean secret() default false;
}
