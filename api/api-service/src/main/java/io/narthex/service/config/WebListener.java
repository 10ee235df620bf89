package io.narthex.service.config;

import org.jspecify.annotations.Nullable;

/**
 * An entry of {@code web.listeners} of {@code narthex.yml}: an address that the server listens on
 * in addition to those of {@code --web.listen-address}, with its own rules.
 *
 * @param address {@code host:port}; an IPv6 host is in brackets, an empty host is every address
 * @param webConfigFile path of its web configuration; empty for that of {@code --web.config.file}
 * @param access which requests need a login here; null for the mode of {@code access:}
 * @param place position of the entry for messages: file, line, column and key
 */
public record WebListener(
    String address,
    String webConfigFile,
    Serves serves,
    AccessConfig.@Nullable Mode access,
    String place) {

  /** Which paths a listener serves. */
  public enum Serves {
    /** All paths. */
    ALL,
    /** The paths of Alertmanager, with Alertmanager's responses. */
    ALERTMANAGER,
    /** The paths of the Pushgateway, with the Pushgateway's responses. */
    PUSHGATEWAY,
    /** The paths of the node exporter, with the metrics of this machine. */
    NODE_EXPORTER
  }
}
