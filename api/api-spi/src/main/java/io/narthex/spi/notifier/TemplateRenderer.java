package io.narthex.spi.notifier;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Expands Go templates with the data of one notification. Expansions are bounded in output, steps
 * and depth.
 */
@ProviderType
public interface TemplateRenderer {
  /**
   * Expands a text template.
   *
   * @throws TemplateException when it cannot be parsed or executed
   */
  String text(String template);

  /**
   * Expands a template with HTML escaping.
   *
   * @throws TemplateException when it cannot be parsed or executed
   */
  String html(String template);

  /**
   * Expands every string (and every key) of a nested value of maps, lists, strings, numbers and
   * booleans. An expanded string that parses as a YAML map, list, number, boolean or null becomes
   * that value.
   *
   * @throws TemplateException when one cannot be parsed or executed
   */
  @Nullable Object structure(@Nullable Object value);

  /** Returns a renderer with the data of the first {@code alerts} alerts only. */
  TemplateRenderer limitedTo(int alerts);

  /**
   * Returns a renderer with additional template definitions; they take precedence over
   * Alertmanager's, and those of the user's files over them. The host calls it with what a provider
   * declares.
   *
   * @throws TemplateException when they cannot be parsed
   * @since 1.1
   */
  default TemplateRenderer withDefinitions(String definitions) {
    return this;
  }

  /** Thrown when a template cannot be parsed or executed; the message names the position. */
  final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Creates one with a message for the user. */
    public TemplateException(String message) {
      super(message);
    }
  }
}
