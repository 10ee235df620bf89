package io.narthex.service.config;

import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code access:} of {@code narthex.yml}: authorization over HTTP. Immutable.
 *
 * @param networks by name of a role or {@code everybody}: CIDR blocks that requests may come from
 */
public record AccessConfig(
    @Setting(
            help =
                "compatible: the APIs of Prometheus and Alertmanager are as open as theirs; strict: everything needs a"
                    + " login",
            defaultValue = "compatible")
        Mode mode,
    @Setting(help = "Roles of the users of basic_auth_users by user name") Map<String, Role> users,
    @Setting(
            help =
                "Where requests may come from, CIDR blocks of direct peers, by role or for"
                    + " everybody")
        Map<String, List<String>> networks,
    @Setting(help = "Browser sessions") Sessions sessions,
    @Setting(help = "Login at an OpenID provider", optional = true) @Nullable Oidc oidc) {
  /** The key in {@link #networks} that is not a role. */
  public static final String EVERYBODY = "everybody";

  /** The settings of a server without the block. */
  public static final AccessConfig DEFAULT =
      new AccessConfig(
          Mode.COMPATIBLE,
          Map.of(),
          Map.of(),
          new Sessions(Duration.ofHours(1), Duration.ofHours(12)),
          null);

  /** Copies the maps. */
  public AccessConfig {
    users = Map.copyOf(users);
    networks = Map.copyOf(networks);
  }

  /** Which requests need a login. */
  public enum Mode {
    /** What is open in Prometheus and Alertmanager is open. */
    COMPATIBLE,
    /** Everything needs a login except health, readiness and the login itself. */
    STRICT
  }

  /** What a user may do. */
  public enum Role {
    /** Reads. */
    VIEWER,
    /** Reads, silences, sends alerts and samples, reloads. */
    OPERATOR,
    /** Reads and changes plugins. */
    PLUGIN_ADMIN,
    /** Everything, including administration. */
    ADMIN
  }

  /** Duration of browser sessions. */
  public record Sessions(
      @Setting(
              help = "Longest time without requests, 1s to 30d",
              defaultValue = "1h",
              min = 1,
              max = 2592000)
          Duration idleTimeout,
      @Setting(
              help = "Longest duration of a session, 1s to 30d",
              defaultValue = "12h",
              min = 1,
              max = 2592000)
          Duration timeout) {}

  /** An OpenID provider. */
  public record Oidc(
      @Setting(help = "URL of the provider, as in its tokens", required = true) String issuer,
      @Setting(help = "Id of this server at the provider", required = true) String clientId,
      @Setting(help = "Secret of this server at the provider", excludes = "client_secret_file")
          @Nullable Secret clientSecret,
      @Setting(help = "File with that secret", file = true) String clientSecretFile,
      @Setting(help = "Requested scopes; openid is added") List<String> scopes,
      @Setting(help = "Claim with the name of the user", defaultValue = "preferred_username")
          String nameClaim,
      @Setting(
              help = "Claim whose values select roles: a string or a list of strings",
              defaultValue = "groups")
          String roleClaim,
      @Setting(help = "Roles by value of that claim", required = true) Map<String, Role> roles,
      @Setting(
              help = "Greatest difference of the clocks, at most 10m",
              defaultValue = "1m",
              max = 600)
          Duration clockSkew,
      @Setting(help = "TLS of requests to the provider", optional = true)
          @Nullable TlsSettings tlsConfig) {
    /** Copies the collections. */
    public Oidc {
      scopes = List.copyOf(scopes);
      roles = Map.copyOf(roles);
    }
  }
}
