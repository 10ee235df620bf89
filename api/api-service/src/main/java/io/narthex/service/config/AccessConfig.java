package io.narthex.service.config;

import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code access:} of {@code narthex.yml}: who may do what over HTTP.
 *
 * @param networks by name of a role or {@code everybody}: CIDR blocks that requests may come from
 */
public record AccessConfig(
    @Setting(
            help =
                "compatible: the originals' APIs are as open as theirs; strict: everything needs a"
                    + " login",
            defaultValue = "compatible")
        Mode mode,
    @Setting(help = "Roles of users of basic_auth_users, by their names") Map<String, Role> users,
    @Setting(
            help =
                "Where requests may come from, CIDR blocks of direct peers, by role or for"
                    + " everybody")
        Map<String, List<String>> networks,
    @Setting(help = "Logins of browsers") Sessions sessions,
    @Setting(help = "Login at an OpenID provider", optional = true) @Nullable Oidc oidc) {
  /** The key in {@link #networks} that is no role. */
  public static final String EVERYBODY = "everybody";

  /** What a server without the block has. */
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

  /** How much needs a login. */
  public enum Mode {
    /** What the originals leave open is open. */
    COMPATIBLE,
    /** Everything needs a login but health, readiness and the login itself. */
    STRICT
  }

  /** What somebody may do. */
  public enum Role {
    /** Reads. */
    VIEWER,
    /** Reads, silences, sends alerts and samples, reloads. */
    OPERATOR,
    /** Reads and changes plugins. */
    PLUGIN_ADMIN,
    /** Everything. */
    ADMIN
  }

  /** How long logins of browsers last. */
  public record Sessions(
      @Setting(
              help = "How long a session lasts without requests",
              defaultValue = "1h",
              min = 1,
              max = 2592000)
          Duration idleTimeout,
      @Setting(
              help = "How long a session lasts at most",
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
      @Setting(help = "File with that secret") String clientSecretFile,
      @Setting(help = "What is asked for; openid is added") List<String> scopes,
      @Setting(help = "Claim with the name of the user", defaultValue = "preferred_username")
          String nameClaim,
      @Setting(
              help = "Claim with what roles are given for: a text or a list of texts",
              defaultValue = "groups")
          String roleClaim,
      @Setting(help = "Roles by value of that claim", required = true) Map<String, Role> roles,
      @Setting(help = "By how much the clocks of both may differ", defaultValue = "1m", max = 600)
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
