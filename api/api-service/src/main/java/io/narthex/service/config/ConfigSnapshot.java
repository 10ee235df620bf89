package io.narthex.service.config;

import java.nio.file.Path;
import java.util.List;

/**
 * One state of all configuration files.
 *
 * @param prometheus {@code prometheus.yml}, defaults and global values filled in
 * @param prometheusYaml the same as YAML with secrets hidden, as {@code /api/v1/status/config}
 *     shows it
 * @param prometheusFolder what relative paths in it are relative to
 * @param alertmanager {@code alertmanager.yml}
 * @param alertmanagerYaml the same as YAML with secrets hidden
 * @param alertmanagerFolder what relative paths in it are relative to
 * @param access {@code access:} of {@code narthex.yml}
 * @param listeners {@code web.listeners} of {@code narthex.yml}
 */
public record ConfigSnapshot(
    PrometheusConfig prometheus,
    String prometheusYaml,
    Path prometheusFolder,
    AlertmanagerConfig alertmanager,
    String alertmanagerYaml,
    Path alertmanagerFolder,
    AccessConfig access,
    List<WebListener> listeners) {
  /** Copies the list. */
  public ConfigSnapshot {
    listeners = List.copyOf(listeners);
  }

  /** Creates one without further listeners. */
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
        List.of());
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
