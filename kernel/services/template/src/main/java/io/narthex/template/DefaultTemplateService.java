package io.narthex.template;

import io.narthex.config.yaml.FilePatterns;
import io.narthex.model.go.GoGlob;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.template.TemplateService;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.notifier.TemplateRenderer;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Expands templates for the other parts of the kernel. Thread-safe. */
@Component(service = TemplateService.class)
public final class DefaultTemplateService implements TemplateService {
  private static final String RULE_PREAMBLE =
      "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}"
          + "{{$externalURL := .ExternalURL}}{{$value := .Value}}";
  private static final String CONSOLE_PREAMBLE =
      "{{$rawParams := .RawParams }}{{$params := .Params}}{{$path := .Path}}";

  private static final int MAX_PARSED_RULES = 10_000;

  /**
   * Alertmanager's own templates: users' files call and redefine these by name, whether the plugin
   * of a receiver runs or not. The last three are the plugins' own files, copied by the build.
   */
  private static final List<String> ALERTMANAGERS =
      List.of("default.tmpl", "slack.tmpl", "pagerduty.tmpl", "email.tmpl");

  private final ConcurrentMap<ParsedRule, GoTemplate> parsedRules = new ConcurrentHashMap<>();
  private final Clock clock;
  private final Metrics.@Nullable Counter expansions;
  private final Metrics.@Nullable Counter failures;
  private final GoTemplate builtIn;

  /** Starts the service. */
  @Activate
  public DefaultTemplateService(@Reference Metrics metrics) {
    this(Clock.systemUTC(), metrics);
  }

  /** Returns a service without metrics, for checks of files. */
  public static DefaultTemplateService standalone(Clock clock) {
    return new DefaultTemplateService(clock, null);
  }

  DefaultTemplateService(Clock clock, @Nullable Metrics metrics) {
    this.clock = clock;
    this.expansions =
        metrics == null
            ? null
            : metrics.counter(
                "prometheus_template_text_expansions_total",
                "The total number of template text expansions.");
    this.failures =
        metrics == null
            ? null
            : metrics.counter(
                "prometheus_template_text_expansion_failures_total",
                "The total number of template text expansion failures.");
    GoTemplate set = GoTemplate.EMPTY;
    for (String name : ALERTMANAGERS) {
      set = set.with(name, resource(name), NotificationFunctions.NAMES);
    }
    this.builtIn = set;
  }

  private static String resource(String name) {
    try (InputStream in = DefaultTemplateService.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void checkRule(String name, String text) {
    try {
      GoTemplate.EMPTY.with(name, RULE_PREAMBLE + text, RuleFunctions.NAMES);
    } catch (GoTemplateException e) {
      throw new TemplateException(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public String expandRule(String name, String text, RuleData data) {
    if (text.indexOf("{{") < 0) {
      return text;
    }
    if (expansions != null) {
      expansions.inc();
    }
    GoTemplate template;
    try {
      template = ruleTemplate(name, text);
    } catch (GoTemplateException e) {
      throw failed("error parsing template " + name + ": " + e.getMessage());
    }
    try {
      return template.execute(
          name,
          RuleModel.of(data),
          RuleFunctions.of(data.query(), data.timeMs(), data.externalUrl(), null),
          false);
    } catch (GoTemplateException e) {
      throw failed("error executing template " + name + ": " + e.getMessage());
    }
  }

  /** Returns the parsed template of a rule, from a cache. */
  private GoTemplate ruleTemplate(String name, String text) {
    ParsedRule key = new ParsedRule(name, text);
    GoTemplate known = parsedRules.get(key);
    if (known != null) {
      return known;
    }
    GoTemplate parsed = GoTemplate.EMPTY.with(name, RULE_PREAMBLE + text, RuleFunctions.NAMES);
    if (parsedRules.size() >= MAX_PARSED_RULES) {
      parsedRules.clear(); // holds templates of removed rules too; parsing is cheap
    }
    parsedRules.put(key, parsed);
    return parsed;
  }

  private record ParsedRule(String name, String text) {}

  private TemplateException failed(String message) {
    if (failures != null) {
      failures.inc();
    }
    return new TemplateException(message);
  }

  @Override
  public String expandConsole(
      String name, String text, Map<String, String> libraries, ConsoleData data) {
    Set<String> names = new HashSet<>(RuleFunctions.NAMES);
    names.add("tmpl");
    try {
      GoTemplate set = GoTemplate.EMPTY;
      for (Map.Entry<String, String> library : libraries.entrySet()) {
        set = set.with(library.getKey(), library.getValue(), names);
      }
      GoTemplate all = set.with(name, CONSOLE_PREAMBLE + text, names);
      RuleModel dot = RuleModel.of(data);
      return all.execute(name, dot, consoleFunctions(all, data, 0), true);
    } catch (GoTemplateException e) {
      throw failed("error executing template " + name + ": " + e.getMessage());
    }
  }

  private static Map<String, GoFunction> consoleFunctions(
      GoTemplate set, ConsoleData data, int depth) {
    return RuleFunctions.of(
        data.query(),
        data.timeMs(),
        data.externalUrl(),
        (called, argument) -> {
          if (depth > 20) {
            throw new GoTemplateException("tmpl is nested more than 20 deep");
          }
          return set.execute(called, argument, consoleFunctions(set, data, depth + 1), true);
        });
  }

  @Override
  public NotificationTemplates load(List<String> globs, Path folder) {
    List<GoTemplate> parsed = new ArrayList<>();
    for (String glob : globs) {
      for (Path file : files(glob, folder)) {
        String name = String.valueOf(file.getFileName());
        try {
          parsed.add(GoTemplate.parse(name, Files.readString(file), NotificationFunctions.NAMES));
        } catch (IOException e) {
          throw new ConfigException(file + ": cannot be read: " + e.getMessage(), e);
        } catch (GoTemplateException e) {
          throw new ConfigException(file + ": " + e.getMessage(), e);
        }
      }
    }
    return loaded(new NotificationSet(builtIn, parsed));
  }

  @Override
  public NotificationTemplates builtIn() {
    return loaded(new NotificationSet(builtIn, List.of()));
  }

  private NotificationTemplates loaded(NotificationSet set) {
    return data -> new NotificationRenderer(set, data, clock);
  }

  private static List<Path> files(String pattern, Path folder) {
    List<Path> found = FilePatterns.expand(folder, pattern);
    return GoGlob.isPattern(pattern) ? found.stream().filter(Files::isRegularFile).toList() : found;
  }

  /** Returns the renderer of a model that is not made from a notification; for tests. */
  TemplateRenderer renderer(@Nullable Object dot, Map<String, String> routeLabels) {
    return new NotificationRenderer(
        new NotificationSet(builtIn, List.of()), null, dot, routeLabels, clock);
  }
}
