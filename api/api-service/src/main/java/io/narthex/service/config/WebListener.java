package io.narthex.service.config;

import org.jspecify.annotations.Nullable;

/**
 * An entry of {@code web.listeners} of {@code narthex.yml}: an address that the server listens on
 * beside those of {@code --web.listen-address}, with rules of its own.
 *
 * @param address {@code host:port}; an IPv6 host stands in brackets, an empty one is every address
 * @param webConfigFile path of its web configuration; empty for that of {@code --web.config.file}
 * @param access how much needs a login here; null for what {@code access:} says
 * @param place where the entry stands, for messages: file, line, column and key
 */
public record WebListener(
    String address,
    String webConfigFile,
    Serves serves,
    AccessConfig.@Nullable Mode access,
    String place) {

  /** Which paths a listener has. */
  public enum Serves {
    /** All paths. */
    ALL,
    /** What Alertmanager has, answered as Alertmanager does. */
    ALERTMANAGER
  }
}
