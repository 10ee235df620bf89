package io.narthex.core.config;

import static io.narthex.core.config.Checks.error;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Secret;
import io.narthex.spi.plugin.HttpTransport.Authorization;
import io.narthex.spi.plugin.HttpTransport.BasicAuth;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.OAuth2;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.lang.reflect.RecordComponent;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Checks the HTTP client keys: at most one way to authenticate, each secret given once. */
public final class HttpClientChecks {
  private static final Set<String> FIXED_HEADERS =
      Set.of(
          "accept-encoding",
          "authorization",
          "connection",
          "content-encoding",
          "content-length",
          "content-type",
          "expect",
          "host",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authorization",
          "range",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "user-agent",
          "www-authenticate",
          "x-prometheus-scrape-timeout-seconds");
  private static final Set<String> TLS_VERSIONS = Set.of("", "TLS10", "TLS11", "TLS12", "TLS13");

  private HttpClientChecks() {}

  /**
   * Checks the HTTP client keys of a bound block, at any depth.
   *
   * @param at the block, for the position in messages
   * @throws io.narthex.spi.config.ConfigException when they contradict each other
   */
  public static void checkAll(Record block, ConfigNode at) {
    for (RecordComponent component : block.getClass().getRecordComponents()) {
      if (!component.getType().isRecord()) {
        continue;
      }
      Object value;
      try {
        component.getAccessor().setAccessible(true);
        value = component.getAccessor().invoke(block);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(
            "record " + block.getClass().getName() + " cannot be read", e);
      }
      if (value instanceof HttpSettings http) {
        check(http, at);
      } else if (value instanceof Record inner) {
        checkAll(inner, at);
      }
    }
  }

  /** Checks one set of HTTP client keys. */
  static void check(HttpSettings http, ConfigNode at) {
    boolean bearer = given(http.bearerToken(), http.bearerTokenFile());
    if (bearer && http.bearerToken() != null && !http.bearerTokenFile().isEmpty()) {
      throw error(at, "at most one of bearer_token & bearer_token_file must be configured");
    }
    BasicAuth basic = http.basicAuth();
    if ((basic != null || http.oauth2() != null) && bearer) {
      throw error(
          at,
          "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
    }
    if (basic != null) {
      if (!basic.username().isEmpty() && !basic.usernameFile().isEmpty()) {
        throw error(at, "at most one of basic_auth username & username_file must be configured");
      }
      if (given(basic.password(), "") && !basic.passwordFile().isEmpty()) {
        throw error(at, "at most one of basic_auth password & password_file must be configured");
      }
    }
    authorization(http.authorization(), bearer, at);
    int ways =
        (basic == null ? 0 : 1)
            + (http.authorization() == null ? 0 : 1)
            + (http.oauth2() == null ? 0 : 1);
    if (ways > 1) {
      throw error(at, "at most one of basic_auth, oauth2 & authorization must be configured");
    }
    if (http.oauth2() != null) {
      oauth2(http.oauth2(), at);
    }
    tls(http.tlsConfig(), at);
    proxy(
        http.proxyUrl(),
        http.noProxy(),
        http.proxyFromEnvironment(),
        !http.proxyConnectHeader().isEmpty(),
        at);
    for (String header : http.httpHeaders().keySet()) {
      if (FIXED_HEADERS.contains(header.toLowerCase(Locale.ROOT))) {
        throw error(at, "setting header \"" + header + "\" is not allowed");
      }
    }
  }

  private static boolean given(@Nullable Secret secret, String file) {
    return (secret != null && !secret.isEmpty()) || !file.isEmpty();
  }

  private static void authorization(@Nullable Authorization a, boolean bearer, ConfigNode at) {
    if (a == null) {
      return;
    }
    if (bearer) {
      throw error(at, "authorization is not compatible with bearer_token & bearer_token_file");
    }
    if (a.type().strip().toLowerCase(Locale.ROOT).equals("basic")) {
      throw error(at, "authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
    }
    if (given(a.credentials(), "") && !a.credentialsFile().isEmpty()) {
      throw error(
          at, "at most one of authorization credentials & credentials_file must be configured");
    }
  }

  private static void oauth2(OAuth2 o, ConfigNode at) {
    if (o.clientId().isEmpty()) {
      throw error(at, "oauth2 client_id must be configured");
    }
    if (o.tokenUrl().isEmpty()) {
      throw error(at, "oauth2 token_url must be configured");
    }
    if (given(o.clientSecret(), "") && !o.clientSecretFile().isEmpty()) {
      throw error(
          at,
          "at most one of oauth2 client_secret & client_secret_file must be configured using grant-type=client_credentials");
    }
    tls(o.tlsConfig(), at);
    proxy(
        o.proxyUrl(), o.noProxy(), o.proxyFromEnvironment(), !o.proxyConnectHeader().isEmpty(), at);
  }

  /** Checks TLS keys. */
  static void tls(@Nullable TlsSettings tls, ConfigNode at) {
    if (tls == null) {
      return;
    }
    if (!tls.ca().isEmpty() && !tls.caFile().isEmpty()) {
      throw error(at, "at most one of ca and ca_file must be configured");
    }
    if (!tls.cert().isEmpty() && !tls.certFile().isEmpty()) {
      throw error(at, "at most one of cert and cert_file must be configured");
    }
    if (given(tls.key(), "") && !tls.keyFile().isEmpty()) {
      throw error(at, "at most one of key and key_file must be configured");
    }
    boolean cert = !tls.cert().isEmpty() || !tls.certFile().isEmpty();
    boolean key = given(tls.key(), tls.keyFile());
    if (cert && !key) {
      throw error(
          at,
          "exactly one of key or key_file must be configured when a client certificate is configured");
    }
    if (key && !cert) {
      throw error(
          at,
          "exactly one of cert or cert_file must be configured when a client key is configured");
    }
    for (String version : new String[] {tls.minVersion(), tls.maxVersion()}) {
      if (!TLS_VERSIONS.contains(version)) {
        throw error(at, "unknown TLS version: " + version);
      }
    }
    if (!tls.minVersion().isEmpty()
        && !tls.maxVersion().isEmpty()
        && tls.minVersion().compareTo(tls.maxVersion()) > 0) {
      throw error(at, "tls_config.max_version must be greater than or equal to min_version");
    }
  }

  private static void proxy(
      String url, String noProxy, boolean fromEnvironment, boolean connectHeader, ConfigNode at) {
    if (fromEnvironment && !url.isEmpty()) {
      throw error(at, "if proxy_from_environment is configured, proxy_url must not be configured");
    }
    if (fromEnvironment && !noProxy.isEmpty()) {
      throw error(at, "if proxy_from_environment is configured, no_proxy must not be configured");
    }
    if (url.isEmpty() && !noProxy.isEmpty()) {
      throw error(at, "if no_proxy is configured, proxy_url must also be configured");
    }
    if (connectHeader && !fromEnvironment && url.isEmpty()) {
      throw error(
          at,
          "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured");
    }
    url(url, at);
  }

  /** Refuses a string that is not a URL. */
  static void url(String url, ConfigNode at) {
    try {
      GoUrl unused = GoUrl.parse(url);
    } catch (GoUrl.InvalidUrlException e) {
      throw error(at, String.valueOf(e.getMessage()));
    }
  }
}
