package io.narthex.exporter.jvm.remote;

import org.jspecify.annotations.Nullable;

/**
 * How a JMX server is met.
 *
 * @param username null: without login
 * @param tls whether the server must use TLS; one that asks for it gets it anyway
 * @param registryTls whether the registry is asked over TLS
 */
public record Login(
    @Nullable String username, @Nullable String password, boolean tls, boolean registryTls) {
  /** Without login and TLS. */
  public static final Login NONE = new Login(null, null, false, false);

  @Override
  public String toString() {
    return "Login[username=" + username + "]"; // without the password
  }
}
