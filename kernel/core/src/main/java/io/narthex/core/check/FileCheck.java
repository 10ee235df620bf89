package io.narthex.core.check;

import io.narthex.core.config.ConfigFiles;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.ConfigService.Ignored;
import io.narthex.service.config.ReloadListener;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode.Mapping;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The output of {@code narthex check} for configuration files, in the words of promtool and amtool:
 * each file with its verdict, up to the first error.
 */
public final class FileCheck {
  /** What is checked. */
  public enum Subject {
    CONFIG,
    RULES,
    RULE_TESTS,
    ALERTMANAGER_CONFIG,
    SERVICE_DISCOVERY,
    METRICS,
    WEB_CONFIG,
    SECRETS
  }

  private final Subject subject;
  private final String file;
  private final StringBuilder out = new StringBuilder();

  /**
   * Creates a check.
   *
   * @param subject as on the command line
   * @param file as the user named it
   */
  public FileCheck(String subject, String file) {
    this.subject = Subject.valueOf(subject.toUpperCase(Locale.ROOT).replace('-', '_'));
    this.file = file;
  }

  /** Returns what is checked. */
  public Subject subject() {
    return subject;
  }

  /** Returns the verdict on a configuration that cannot be used. */
  public String failed(ConfigException e) {
    if (subject == Subject.SERVICE_DISCOVERY) {
      return "Cannot load config: " + e.getMessage();
    }
    if (subject == Subject.ALERTMANAGER_CONFIG) {
      return out + "Checking '" + file + "'  FAILED: " + e.getMessage() + "\n";
    }
    if (subject == Subject.CONFIG && out.isEmpty()) {
      out.append("Checking ").append(file).append('\n');
    }
    return out + "  FAILED: " + e.getMessage() + "\n";
  }

  /**
   * Returns the verdict on a configuration that the server and its plugins accept.
   *
   * @param rules reads the rule files
   * @param warnings of {@link NamedFiles}
   * @throws ConfigException with the first error in a rule file
   */
  public String passed(
      ConfigFiles.Loaded loaded,
      List<String> warnings,
      List<Ignored> ignored,
      @Nullable ReloadListener rules) {
    if (subject == Subject.ALERTMANAGER_CONFIG) {
      return alertmanager(loaded);
    }
    if (rules == null) {
      throw new ConfigException(
          "the rules service of the server does not run, so rules are not checked");
    }
    Map<String, Integer> files = null;
    ConfigException wrong = null;
    try {
      files = rules.check(loaded.snapshot());
    } catch (ConfigException e) {
      wrong = e;
    }
    if (subject == Subject.CONFIG) {
      out.append("Checking ").append(file).append('\n');
      warnings.forEach(w -> out.append("  WARNING: ").append(w).append('\n'));
      if (files != null && !files.isEmpty()) {
        out.append("  SUCCESS: ").append(files.size()).append(" rule files found\n");
      }
      out.append(" SUCCESS: ").append(file).append(" is valid prometheus config file syntax\n");
      for (Ignored i : ignored) {
        if (!i.source().equals("flag")) {
          out.append("  WARNING: ").append(i.source()).append(": ").append(i.name());
          out.append(" has no effect: ").append(i.reason()).append('\n');
        }
      }
      out.append('\n');
    }
    if (wrong != null) {
      throw wrong;
    }
    if (files != null) {
      files.forEach((name, count) ->
          out.append("Checking ")
              .append(name)
              .append("\n  SUCCESS: ")
              .append(count)
              .append(" rules found\n\n"));
    }
    return out.toString();
  }

  private String alertmanager(ConfigFiles.Loaded loaded) {
    AlertmanagerConfig config = loaded.snapshot().alertmanager();
    out.append("Checking '").append(file).append("'  SUCCESS\nFound:\n");
    if (loaded.alertmanagerRoot() instanceof Mapping) {
      out.append(" - global config\n - route\n");
    }
    out.append(" - ").append(config.inhibitRules().size()).append(" inhibit rules\n");
    out.append(" - ").append(config.receivers().size()).append(" receivers\n");
    out.append(" - ").append(config.templates().size()).append(" templates\n");
    return out.toString();
  }
}
