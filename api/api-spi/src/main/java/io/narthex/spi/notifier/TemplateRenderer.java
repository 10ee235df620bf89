package io.narthex.spi.notifier;

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

  /** A template that cannot be parsed or run; the message names the place. */
  final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Creates one with a message for the user. */
    public TemplateException(String message) {
      super(message);
    }
  }
}
