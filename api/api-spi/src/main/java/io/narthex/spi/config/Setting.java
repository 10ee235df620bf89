package io.narthex.spi.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Describes one key of a configuration block; placed on a component of a configuration record.
 *
 * <p>The host binds YAML to records by these annotations alone. Supported component types: {@code
 * String}, {@code boolean}, {@code int}, {@code long}, {@code double}, {@link java.time.Duration}
 * (Prometheus form, {@code 1h30m}), {@link io.narthex.model.go.GoUrl}, {@link Secret}, {@link
 * ByteSize}, enums (matched by lower-case name), nested records, {@link ConfigNode} (unbound),
 * {@code List} and {@code Map<String, …>} of these. An absent key without default gives {@code
 * false}, zero, the empty string, list or map, a nested record built from its own defaults, or
 * {@code null} for all other types; {@link #optional()} turns the empty ones into {@code null}.
 * Components without this annotation are not bound and get {@code null} or an empty list.
 *
 * <p>Defaults, JSON Schema, the form in the console, the table in the documentation and hidden
 * values all come from these annotations.
 */
@Target({
  ElementType.RECORD_COMPONENT,
  ElementType.FIELD,
  ElementType.METHOD,
  ElementType.PARAMETER
})
@Retention(RetentionPolicy.RUNTIME)
@ProviderType // only the host reads it, so that it may get further members
public @interface Setting {
  /** The YAML key; empty: the component's name in snake_case. */
  String name() default "";

  /** Purpose of the key: one sentence, with unit and range. */
  String help() default "";

  /** The value of an absent key, as in YAML; empty: none. */
  String defaultValue() default "";

  /** Whether an absent or empty value is an error. */
  boolean required() default false;

  /** Whether the components of the nested record are keys of the outer block. */
  boolean inline() default false;

  /**
   * Whether an absent string, list, map or nested record is {@code null} instead of empty. Types
   * without an empty value ({@code Duration}, {@link Secret}, boxed numbers, …) are null when
   * absent anyway.
   */
  boolean optional() default false;

  /** Least value of numbers, sizes (bytes) and durations (seconds), inclusive. */
  double min() default Double.NEGATIVE_INFINITY;

  /** Greatest value of numbers, sizes (bytes) and durations (seconds), inclusive. */
  double max() default Double.POSITIVE_INFINITY;

  /**
   * Unit of a number for the documentation: {@code bytes}, {@code requests per second}; since 1.1.
   */
  String unit() default "";

  /**
   * Regular expression (RE2) that a whole string, or each item of a list of strings, must match; an
   * empty string that is not required passes; since 1.1.
   */
  String pattern() default "";

  /**
   * The allowed strings, or items of a list of strings; none: all. An empty string that is not
   * required passes; since 1.1.
   */
  String[] oneOf() default {};

  /**
   * Keys of the same block that may not be given together with this one, for example {@code
   * "api_key_file"} at {@code api_key}; since 1.1.
   */
  String[] excludes() default {};

  /**
   * Whether the value is hidden wherever configuration is shown, although its type is not {@link
   * Secret}: for lists, maps and unbound values; since 1.1.
   */
  boolean secret() default false;

  /**
   * Whether the string, or each string of the list, names a file, a folder or a pattern of files.
   * The host makes a relative name one of the folder of the configuration file that holds it, so
   * that it can be opened as it is; since 1.2.
   */
  boolean file() default false;
}
