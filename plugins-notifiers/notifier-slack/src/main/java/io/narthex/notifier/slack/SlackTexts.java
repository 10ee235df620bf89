package io.narthex.notifier.slack;

import io.narthex.spi.notifier.TemplateRenderer;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;

/**
 * Expands the texts of one message. After the first that cannot be expanded all are empty: what was
 * expanded before is still posted, as the original does, since half a message is better than none.
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

  /** Returns why a text could not be expanded, empty when all could. */
  String problem() {
    return problem;
  }
}
