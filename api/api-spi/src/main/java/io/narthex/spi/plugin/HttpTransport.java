package io.narthex.spi.plugin;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import java.io.IOException;
import java.io.InputStream;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Sends HTTP requests with the host's client. Thread-safe and blocking; call it from a thread of
 * the host.
 */
@ProviderType
public interface HttpTransport {
  /**
   * Sends a request and waits for the head of the response.
   *
   * @throws IOException when there is no response; the message is for users
   * @throws InterruptedException when the host stops the instance
   */
  Response send(Request request, HttpSettings settings) throws IOException, InterruptedException;

  /** Returns whether a request failed with a timeout, according to its causes. */
  static boolean isTimeout(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof TimeoutException) {
        return true;
      }
    }
    return false;
  }

  /**
   * A request.
   *
   * @param method GET, POST, …
   * @param url absolute, http or https; its user and password are sent as Basic authorization,
   *     instead of what the settings say
   * @param headers additional headers
   * @param body bytes to send, or null; not copied
   * @param timeout for the whole exchange, until the response body has been read
   * @param unixSocket path of a unix socket to connect to instead of the host of {@code url}, or
   *     null
   */
  record Request(
      String method,
      GoUrl url,
      Map<String, String> headers,
      byte @Nullable [] body,
      Duration timeout,
      @Nullable String unixSocket) {
    /** Returns a GET request. */
    public static Request get(GoUrl url, Duration timeout) {
      return new Request("GET", url, Map.of(), null, timeout, null);
    }

    /** Returns a POST request. */
    public static Request post(GoUrl url, String contentType, byte[] body, Duration timeout) {
      return new Request("POST", url, Map.of("Content-Type", contentType), body, timeout, null);
    }
  }

  /** A response; close it to release the connection. Confined to one thread. */
  @ProviderType
  interface Response extends AutoCloseable {
    /** Returns the status code. */
    int status();

    /** Returns the first value of a header, or null. Names are case-insensitive. */
    @Nullable String header(String name);

    /**
     * Returns how long the server asks to wait before the next request: the header Retry-After of
     * RFC 9110, in seconds or as a date. Null when it is absent or invalid.
     *
     * @param now the current time; a date in the past gives zero
     */
    default @Nullable Duration retryAfter(Instant now) {
      String header = header("Retry-After");
      if (header == null) {
        return null;
      }
      String text = header.strip();
      if (text.matches("\\d{1,9}")) {
        return Duration.ofSeconds(Long.parseLong(text));
      }
      try {
        Instant until = DateTimeFormatter.RFC_1123_DATE_TIME.parse(text, Instant::from);
        return until.isAfter(now) ? Duration.between(now, until) : Duration.ZERO;
      } catch (DateTimeException e) {
        return null;
      }
    }

    /**
     * Returns the decompressed body as it arrives: a read waits for more until the request's
     * timeout. An interrupt makes a waiting read throw an IOException immediately, either a {@link
     * java.io.InterruptedIOException} or one that leaves the thread interrupted.
     */
    InputStream body() throws IOException;

    @Override
    void close();
  }

  /**
   * The HTTP client settings, inlined in scrape, discovery and receiver configurations. Secret
   * files are read for every request.
   */
  record HttpSettings(
      @Nullable @Setting(help = "User name and password sent with every request", optional = true)
          BasicAuth basicAuth,
      @Nullable @Setting(help = "Authorization header sent with every request", optional = true)
          Authorization authorization,
      @Nullable @Setting(help = "OAuth 2.0 client credentials", optional = true) OAuth2 oauth2,
      @Nullable @Setting(help = "Deprecated: use authorization") Secret bearerToken,
      @Setting(help = "Deprecated: use authorization", file = true) String bearerTokenFile,
      @Setting(help = "Whether redirects are followed", defaultValue = "true")
          boolean followRedirects,
      @Setting(name = "enable_http2", help = "Whether HTTP/2 is offered", defaultValue = "true")
          boolean enableHttp2,
      @Setting(help = "TLS settings", optional = true) @Nullable TlsSettings tlsConfig,
      @Setting(help = "URL of the proxy: http, https or socks5") String proxyUrl,
      @Setting(
              help =
                  "Comma-separated hosts, domains and CIDR blocks that are reached without proxy")
          String noProxy,
      @Setting(
              help = "Whether the proxy is taken from HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
              defaultValue = "false")
          boolean proxyFromEnvironment,
      @Setting(help = "Headers of the CONNECT request to the proxy")
          Map<String, List<Secret>> proxyConnectHeader,
      @Setting(help = "Headers sent with every request") Map<String, HeaderValues> httpHeaders) {
    /** The settings of an empty block. */
    public static final HttpSettings DEFAULT =
        new HttpSettings(
            null, null, null, null, "", true, true, null, "", "", false, Map.of(), Map.of());

    /**
     * Returns a builder with these settings.
     *
     * @since 1.1
     */
    public Builder toBuilder() {
      return new Builder(this);
    }

    /**
     * Builds changed settings. Not thread-safe.
     *
     * @since 1.1
     */
    public static final class Builder {
      private @Nullable BasicAuth basicAuth;
      private @Nullable Authorization authorization;
      private @Nullable OAuth2 oauth2;
      private @Nullable Secret bearerToken;
      private String bearerTokenFile;
      private boolean followRedirects;
      private boolean enableHttp2;
      private @Nullable TlsSettings tlsConfig;
      private String proxyUrl;
      private String noProxy;
      private boolean proxyFromEnvironment;
      private Map<String, List<Secret>> proxyConnectHeader;
      private Map<String, HeaderValues> httpHeaders;

      private Builder(HttpSettings s) {
        basicAuth = s.basicAuth;
        authorization = s.authorization;
        oauth2 = s.oauth2;
        bearerToken = s.bearerToken;
        bearerTokenFile = s.bearerTokenFile;
        followRedirects = s.followRedirects;
        enableHttp2 = s.enableHttp2;
        tlsConfig = s.tlsConfig;
        proxyUrl = s.proxyUrl;
        noProxy = s.noProxy;
        proxyFromEnvironment = s.proxyFromEnvironment;
        proxyConnectHeader = s.proxyConnectHeader;
        httpHeaders = s.httpHeaders;
      }

      /** Sets user name and password. */
      public Builder basicAuth(@Nullable BasicAuth value) {
        basicAuth = value;
        return this;
      }

      /** Sets the Authorization header. */
      public Builder authorization(@Nullable Authorization value) {
        authorization = value;
        return this;
      }

      /** Sets the OAuth 2.0 client. */
      public Builder oauth2(@Nullable OAuth2 value) {
        oauth2 = value;
        return this;
      }

      /** Sets the bearer token. */
      public Builder bearerToken(@Nullable Secret value) {
        bearerToken = value;
        return this;
      }

      /** Sets the file with the bearer token. */
      public Builder bearerTokenFile(String value) {
        bearerTokenFile = value;
        return this;
      }

      /** Sets whether redirects are followed. */
      public Builder followRedirects(boolean value) {
        followRedirects = value;
        return this;
      }

      /** Sets whether HTTP/2 is offered. */
      public Builder enableHttp2(boolean value) {
        enableHttp2 = value;
        return this;
      }

      /** Sets the TLS settings. */
      public Builder tlsConfig(@Nullable TlsSettings value) {
        tlsConfig = value;
        return this;
      }

      /** Sets the proxy. */
      public Builder proxyUrl(String value) {
        proxyUrl = value;
        return this;
      }

      /** Sets the hosts reached without proxy. */
      public Builder noProxy(String value) {
        noProxy = value;
        return this;
      }

      /** Sets whether the proxy is taken from the environment. */
      public Builder proxyFromEnvironment(boolean value) {
        proxyFromEnvironment = value;
        return this;
      }

      /** Sets the headers of the proxy's CONNECT request. */
      public Builder proxyConnectHeader(Map<String, List<Secret>> value) {
        proxyConnectHeader = value;
        return this;
      }

      /** Sets the headers sent with every request. */
      public Builder httpHeaders(Map<String, HeaderValues> value) {
        httpHeaders = value;
        return this;
      }

      /** Returns the settings. */
      public HttpSettings build() {
        return new HttpSettings(
            basicAuth,
            authorization,
            oauth2,
            bearerToken,
            bearerTokenFile,
            followRedirects,
            enableHttp2,
            tlsConfig,
            proxyUrl,
            noProxy,
            proxyFromEnvironment,
            proxyConnectHeader,
            httpHeaders);
      }
    }
  }

  /** User name and password, each given directly or by file. */
  record BasicAuth(
      @Setting(help = "User name") String username,
      @Setting(help = "File with the user name", file = true) String usernameFile,
      @Nullable @Setting(help = "Password") Secret password,
      @Setting(help = "File with the password", file = true) String passwordFile) {}

  /** An Authorization header. */
  record Authorization(
      @Setting(
              help = "Scheme of the header; Basic is refused, use basic_auth",
              defaultValue = "Bearer")
          String type,
      @Nullable @Setting(help = "Credentials") Secret credentials,
      @Setting(help = "File with the credentials", file = true) String credentialsFile) {}

  /** OAuth 2.0 client. */
  record OAuth2(
      @Setting(help = "Client id") String clientId,
      @Nullable @Setting(help = "Client secret") Secret clientSecret,
      @Setting(help = "File with the client secret", file = true) String clientSecretFile,
      @Setting(
              help =
                  "Grant type: client_credentials (default) or urn:ietf:params:oauth:grant-type:jwt-bearer")
          String grantType,
      @Nullable @Setting(help = "Key that signs the JWT") Secret clientCertificateKey,
      @Setting(help = "File with the key that signs the JWT", file = true)
          String clientCertificateKeyFile,
      @Setting(help = "Id of the key that signs the JWT") String clientCertificateKeyId,
      @Setting(help = "Signature algorithm: RS256 (default), RS384 or RS512")
          String signatureAlgorithm,
      @Setting(help = "Issuer of the JWT") String iss,
      @Setting(help = "Audience of the JWT") String audience,
      @Setting(help = "Additional claims of the JWT") Map<String, String> claims,
      @Setting(help = "Requested scopes") List<String> scopes,
      @Setting(help = "URL of the token endpoint") String tokenUrl,
      @Setting(help = "Additional parameters of the token request")
          Map<String, String> endpointParams,
      @Setting(help = "TLS settings of the token request", optional = true)
          @Nullable TlsSettings tlsConfig,
      @Setting(help = "URL of the proxy: http, https or socks5") String proxyUrl,
      @Setting(
              help =
                  "Comma-separated hosts, domains and CIDR blocks that are reached without proxy")
          String noProxy,
      @Setting(help = "Whether the proxy is taken from HTTP_PROXY, HTTPS_PROXY and NO_PROXY")
          boolean proxyFromEnvironment,
      @Setting(help = "Headers of the CONNECT request to the proxy")
          Map<String, List<Secret>> proxyConnectHeader) {}

  /** TLS of a client. Files are read again when they change. */
  record TlsSettings(
      @Setting(help = "CA certificates in PEM; by default those of the JDK") String ca,
      @Setting(help = "File with CA certificates", file = true) String caFile,
      @Setting(help = "Client certificate in PEM") String cert,
      @Setting(help = "File with the client certificate", file = true) String certFile,
      @Nullable @Setting(help = "Client key in PEM") Secret key,
      @Setting(help = "File with the client key", file = true) String keyFile,
      @Setting(help = "Name sent as SNI and checked in the certificate") String serverName,
      @Setting(help = "Whether any server certificate is accepted", defaultValue = "false")
          boolean insecureSkipVerify,
      @Setting(help = "Lowest TLS version: TLS10, TLS11, TLS12 or TLS13") String minVersion,
      @Setting(help = "Highest TLS version: TLS10, TLS11, TLS12 or TLS13") String maxVersion) {}

  /** Values of one header. */
  record HeaderValues(
      @Setting(help = "Values of the header") List<String> values,
      @Setting(help = "Secret values of the header") List<Secret> secrets,
      @Setting(help = "Files with values of the header", file = true) List<String> files) {}
}
