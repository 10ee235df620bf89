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
 * Expands Go templates: labels and annotations of rules, texts of notifications, console pages.
 * Every expansion is bounded in output, steps and depth. Thread-safe.
 */
@ProviderType
public interface TemplateService {
  /**
   * Checks that a label or annotation of a rule can be parsed, functions and variables included.
   *
   * @param name of the template in messages
   * @throws TemplateRenderer.TemplateException when it cannot
   */
  void checkRule(String name, String text);

  /**
   * Expands a label or annotation of a rule.
   *
   * @param name of the template in messages
   * @throws TemplateRenderer.TemplateException when it cannot be parsed or run
   */
  String expandRule(String name, String text, RuleData data);

  /**
   * Expands a console page with HTML escaping.
   *
   * @param libraries files of definitions, name to text
   * @throws TemplateRenderer.TemplateException when it cannot be parsed or run
   */
  String expandConsole(String name, String text, Map<String, String> libraries, ConsoleData data);

  /**
   * Reads template files of {@code alertmanager.yml}; later definitions win over earlier ones and
   * over the built-in ones.
   *
   * @param globs as written; one that names no wildcard must exist
   * @param folder what they are relative to
   * @throws io.narthex.spi.config.ConfigException when a file cannot be read or parsed
   */
  NotificationTemplates load(List<String> globs, Path folder);

  /** Returns just the built-in templates. */
  NotificationTemplates builtIn();

  /** Templates that notifications can use. Immutable. */
  @ProviderType
  interface NotificationTemplates {
    /**
     * Returns a renderer on the data of a notification.
     *
     * @param data everything but its renderer counts
     */
    TemplateRenderer renderer(NotificationData data);
  }

  /**
   * What templates of a notification see.
   *
   * @param routeLabels templates by name, expanded when they are asked for
   */
  record NotificationData(
      String receiver,
      String reason,
      Labels groupLabels,
      Map<String, String> routeLabels,
      List<Notification.NotifiedAlert> alerts,
      String externalUrl) {
    /** Copies what it is given. */
    public NotificationData {
      routeLabels = Map.copyOf(routeLabels);
      alerts = List.copyOf(alerts);
    }
  }

  /**
   * What templates of rules see.
   *
   * @param labels of the element, its name included
   * @param value of the element: a {@code Double}, or a text for a native histogram
   * @param externalUrl of the server
   * @param timeMs when the rule is evaluated
   * @param query runs the function {@code query}; null: not available
   */
  record RuleData(
      Labels labels,
      Object value,
      Labels externalLabels,
      String externalUrl,
      long timeMs,
      @Nullable QueryFunction query) {}

  /**
   * What console pages see.
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
     * Evaluates at one instant.
     *
     * @throws io.narthex.service.query.QueryException when the query is wrong or fails
     */
    QueryResult query(String expression, long timeMs);
  }
}
