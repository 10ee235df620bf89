package io.narthex.service.config;

import io.narthex.service.push.PushSettings;
import io.narthex.service.rules.RuleSettings;
import io.narthex.service.web.DashboardSettings;
import io.narthex.service.web.UiSettings;
import java.nio.file.Path;
import java.util.List;

/**
 * One state of all configuration files. Immutable.
 *
 * @param prometheus {@code prometheus.yml}, with defaults and global values filled in
 * @param shownPrometheus the same as YAML with secrets hidden, as {@code /api/v1/status/config}
 *     shows it; made when it is asked for, since printing thousands of jobs takes seconds
 * @param prometheusFolder the folder that its relative paths are relative to
 * @param alertmanager {@code alertmanager.yml}
 * @param shownAlertmanager the same as YAML with secrets hidden
 * @param alertmanagerFolder the folder that its relative paths are relative to
 * @param access {@code access:} of {@code narthex.yml}
 * @param listeners {@code web.listeners} of {@code narthex.yml}
 * @param warmUp {@code web.warm_up} of {@code narthex.yml}
 * @param push {@code push:} of {@code narthex.yml}
 * @param rules {@code rules:} of {@code narthex.yml}
 * @param dashboards {@code dashboards:} of {@code narthex.yml}
 * @param ui {@code ui:} of {@code narthex.yml}
 */
public record ConfigSnapshot(
    PrometheusConfig prometheus,
    ShownText shownPrometheus,
    Path prometheusFolder,
    AlertmanagerConfig alertmanager,
    ShownText shownAlertmanager,
    Path alertmanagerFolder,
    AccessConfig access,
    List<WebListener> listeners,
    boolean warmUp,
    PushSettings push,
    RuleSettings rules,
    DashboardSettings dashboards,
    UiSettings ui) {
  /** Copies the list. */
  public ConfigSnapshot {
    listeners = List.copyOf(listeners);
  }

  /** Creates one whose YAML is there already. */
  public ConfigSnapshot(
      PrometheusConfig prometheus,
      String prometheusYaml,
      Path prometheusFolder,
      AlertmanagerConfig alertmanager,
      String alertmanagerYaml,
      Path alertmanagerFolder,
      AccessConfig access,
      List<WebListener> listeners,
      boolean warmUp,
      PushSettings push,
      RuleSettings rules,
      DashboardSettings dashboards,
      UiSettings ui) {
    this(
        prometheus,
        ShownText.of(prometheusYaml),
        prometheusFolder,
        alertmanager,
        ShownText.of(alertmanagerYaml),
        alertmanagerFolder,
        access,
        listeners,
        warmUp,
        push,
        rules,
        dashboards,
        ui);
  }

  /** Returns {@link #shownPrometheus} as text. */
  public String prometheusYaml() {
    return shownPrometheus.text();
  }

  /** Returns {@link #shownAlertmanager} as text. */
  public String alertmanagerYaml() {
    return shownAlertmanager.text();
  }

  /** Creates one with the default settings of pushes, rules and pages. */
  public ConfigSnapshot(
      PrometheusConfig prometheus,
      String prometheusYaml,
      Path prometheusFolder,
      AlertmanagerConfig alertmanager,
      String alertmanagerYaml,
      Path alertmanagerFolder,
      AccessConfig access,
      List<WebListener> listeners,
      boolean warmUp) {
    this(
        prometheus,
        prometheusYaml,
        prometheusFolder,
        alertmanager,
        alertmanagerYaml,
        alertmanagerFolder,
        access,
        listeners,
        warmUp,
        PushSettings.DEFAULT,
        RuleSettings.DEFAULT,
        DashboardSettings.DEFAULT,
        UiSettings.DEFAULT);
  }

  /** Creates one without additional listeners and without warm-up. */
  public ConfigSnapshot(
      PrometheusConfig prometheus,
      String prometheusYaml,
      Path prometheusFolder,
      AlertmanagerConfig alertmanager,
      String alertmanagerYaml,
      Path alertmanagerFolder,
      AccessConfig access) {
    this(
        prometheus,
        prometheusYaml,
        prometheusFolder,
        alertmanager,
        alertmanagerYaml,
        alertmanagerFolder,
        access,
        List.of(),
        false);
  }

  /** Creates one with the default access. */
  public ConfigSnapshot(
      PrometheusConfig prometheus,
      String prometheusYaml,
      Path prometheusFolder,
      AlertmanagerConfig alertmanager,
      String alertmanagerYaml,
      Path alertmanagerFolder) {
    this(
        prometheus,
        prometheusYaml,
        prometheusFolder,
        alertmanager,
        alertmanagerYaml,
        alertmanagerFolder,
        AccessConfig.DEFAULT);
  }
}
