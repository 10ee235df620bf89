package io.narthex.spi.notifier;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/** Expands Go templates on the data of one notification. */
@ProviderType
public interface TemplateRenderer {
  /**
   * Expands a text template.
   *
   * @throws TemplateException when it cannot be parsed or run
   */
  String text(String template);

  /**
   * Expands a template with HTML escaping.
   *
   * @throws TemplateException when it cannot be parsed or run
   */
  String html(String template);

  /**
   * Expands every text (and every key) of a nested value of maps, lists, texts, numbers and
   * booleans. An expanded text that reads as a YAML map, list, number, boolean or null becomes that
   * value.
   *
   * @throws TemplateException when one cannot be parsed or run
   */
  @Nullable Object structure(@Nullable Object value);

  /** Returns a renderer on the data of the first {@code alerts} alerts only. */
  TemplateRenderer limitedTo(int alerts);

  /**
   * Returns a renderer that knows more definitions of templates; they win over Alertmanager's own,
   * those of the user's files over them. The host does this with what a provider declares.
   *
   * @throws TemplateException when they cannot be parsed
   * @since 1.1
   */
  default TemplateRenderer withDefinitions(String definitions) {
    return this;
  }

  /** A template that cannot be parsed or run; the message names the place. */
  final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Creates one with a message for the user. */
    public TemplateException(String message) {
      super(message);
    }
  }
}
