package io.narthex.notifier.slack;

import io.narthex.spi.notifier.TemplateRenderer;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;

/**
 * Expands the templates of one message. After the first that fails, all are empty: what was
 * expanded before it is posted nevertheless, as the original does.
 */
final class SlackTexts {
  private final TemplateRenderer templates;
  private String problem = "";

  SlackTexts(TemplateRenderer templates) {
    this.templates = templates;
  }

  String text(String template) {
    if (!problem.isEmpty()) {
      return "";
    }
    try {
      return templates.text(template);
    } catch (TemplateException e) {
      problem = String.valueOf(e.getMessage());
      return "";
    }
  }

  /** Returns why a template failed; empty when none did. */
  String problem() {
    return problem;
  }
}
