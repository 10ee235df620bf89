package io.narthex.http;

import org.jspecify.annotations.Nullable;

/**
 * A listen address in Go's form: {@code host:port}, {@code :port}, {@code [::1]:port}.
 *
 * @param host null for all interfaces
 */
record ListenAddress(@Nullable String host, int port) {
  /**
   * Reads an address.
   *
   * @throws IllegalArgumentException with a message for users
   */
  static ListenAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? text : text.substring(0, colon);
    String port = colon < 0 ? "" : text.substring(colon + 1);
    if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535) {
      throw new IllegalArgumentException(
          "must be host:port, got \"" + text + "\"; for example 127.0.0.1:9090");
    }
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    return new ListenAddress(
        host.isEmpty() || host.equals("0.0.0.0") ? null : host, Integer.parseInt(port));
  }
}
