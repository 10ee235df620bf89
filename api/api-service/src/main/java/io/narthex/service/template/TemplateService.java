package io.narthex.service.template;

import io.narthex.model.Labels;
import io.narthex.service.query.QueryResult;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.TemplateRenderer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Expands Go templates: labels and annotations of rules, notifications, console pages. Every
 * expansion is bounded in output, steps and depth. Thread-safe.
 */
@ProviderType
public interface TemplateService {
  /**
   * Checks that a label or annotation of a rule can be parsed, including functions and variables.
   *
   * @param name name of the template for messages
   * @throws TemplateRenderer.TemplateException when it cannot be parsed
   */
  void checkRule(String name, String text);

  /**
   * Expands a label or annotation of a rule.
   *
   * @param name name of the template for messages
   * @throws TemplateRenderer.TemplateException when it cannot be parsed or executed
   */
  String expandRule(String name, String text, RuleData data);

  /**
   * Expands a console page with HTML escaping.
   *
   * @param libraries contents of definition files by name
   * @throws TemplateRenderer.TemplateException when it cannot be parsed or executed
   */
  String expandConsole(String name, String text, Map<String, String> libraries, ConsoleData data);

  /**
   * Reads template files of {@code alertmanager.yml}; later definitions override earlier ones and
   * the built-in ones.
   *
   * @param globs as written; a file without wildcards must exist
   * @param folder the folder that they are relative to
   * @throws io.narthex.spi.config.ConfigException when a file cannot be read or parsed
   */
  NotificationTemplates load(List<String> globs, Path folder);

  /** Returns the built-in templates. */
  NotificationTemplates builtIn();

  /** Templates for notifications. Immutable. */
  @ProviderType
  interface NotificationTemplates {
    /**
     * Returns a renderer with the data of a notification.
     *
     * @param data everything but its renderer counts
     */
    TemplateRenderer renderer(NotificationData data);
  }

  /**
   * Data of the templates of a notification. Immutable.
   *
   * @param routeLabels templates by name, expanded on access
   */
  record NotificationData(
      String receiver,
      String reason,
      Labels groupLabels,
      Map<String, String> routeLabels,
      List<Notification.NotifiedAlert> alerts,
      String externalUrl) {
    /** Copies its arguments. */
    public NotificationData {
      routeLabels = Map.copyOf(routeLabels);
      alerts = List.copyOf(alerts);
    }
  }

  /**
   * Data of the templates of rules.
   *
   * @param labels of the element, including its name
   * @param value of the element: a {@code Double} or a {@code NativeHistogram}
   * @param externalUrl of the server
   * @param timeMs evaluation time in epoch milliseconds
   * @param query implements the function {@code query}; null: not available
   */
  record RuleData(
      Labels labels,
      Object value,
      Labels externalLabels,
      String externalUrl,
      long timeMs,
      @Nullable QueryFunction query) {}

  /**
   * Data of console pages.
   *
   * @param rawParams the query string as received
   */
  record ConsoleData(
      String rawParams,
      Map<String, String> params,
      String path,
      String externalUrl,
      long timeMs,
      @Nullable QueryFunction query) {}

  /** Runs a query for a template. */
  @FunctionalInterface
  interface QueryFunction {
    /**
     * Evaluates a query at one instant.
     *
     * @throws io.narthex.service.query.QueryException when the query is invalid or fails
     */
    QueryResult query(String expression, long timeMs);
  }
}
