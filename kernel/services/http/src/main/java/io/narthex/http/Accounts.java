package io.narthex.http;

import io.narthex.http.access.AdminToken;
import io.narthex.http.access.Logins;
import io.narthex.http.access.OidcLogin;
import io.narthex.http.access.Tokens;
import io.narthex.spi.plugin.HttpTransport;

/**
 * Who may log in and change something.
 *
 * @param gate in front of changes to plugins and tokens
 */
record Accounts(Tokens tokens, Logins logins, OidcLogin oidc, AdminGate gate) {
  /**
   * Reads the tokens.
   *
   * @param http for requests to the OpenID provider
   */
  static Accounts of(Parts parts, Listeners listeners, HttpTransport http) {
    AdminToken admin = new AdminToken(parts.info());
    Tokens tokens = new Tokens(parts.info().stateDirectory().resolve("tokens.json"), parts.clock());
    Logins logins =
        new Logins(
            listeners::files,
            admin,
            tokens,
            () -> parts.config().current().access(),
            parts.metrics());
    OidcLogin oidc = new OidcLogin(http, logins, parts.info().externalUrl(), parts.clock());
    return new Accounts(tokens, logins, oidc, new AdminGate(parts.info(), admin));
  }
}
