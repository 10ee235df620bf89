package io.narthex.httpclient;

import io.narthex.spi.plugin.HttpTransport.Authorization;
import io.narthex.spi.plugin.HttpTransport.BasicAuth;
import io.narthex.spi.plugin.HttpTransport.HeaderValues;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.OAuth2;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes the file names of client settings independent of the working directory. */
public final class HttpFiles {
  private HttpFiles() {}

  /** Returns the settings with all relative file names resolved against {@code folder}. */
  public static HttpSettings resolve(HttpSettings s, Path folder) {
    Map<String, HeaderValues> headers = new LinkedHashMap<>();
    s.httpHeaders()
        .forEach((name, h) ->
            headers.put(
                name,
                new HeaderValues(
                    h.values(),
                    h.secrets(),
                    h.files().stream().map(f -> file(f, folder)).toList())));
    BasicAuth basic = s.basicAuth();
    Authorization auth = s.authorization();
    return s.toBuilder()
        .basicAuth(
            basic == null
                ? null
                : new BasicAuth(
                    basic.username(),
                    file(basic.usernameFile(), folder),
                    basic.password(),
                    file(basic.passwordFile(), folder)))
        .authorization(
            auth == null
                ? null
                : new Authorization(
                    auth.type(), auth.credentials(), file(auth.credentialsFile(), folder)))
        .oauth2(oauth(s.oauth2(), folder))
        .bearerTokenFile(file(s.bearerTokenFile(), folder))
        .tlsConfig(tls(s.tlsConfig(), folder))
        .httpHeaders(headers)
        .build();
  }

  private static @Nullable OAuth2 oauth(@Nullable OAuth2 o, Path folder) {
    return o == null
        ? null
        : new OAuth2(
            o.clientId(),
            o.clientSecret(),
            file(o.clientSecretFile(), folder),
            o.grantType(),
            o.clientCertificateKey(),
            file(o.clientCertificateKeyFile(), folder),
            o.clientCertificateKeyId(),
            o.signatureAlgorithm(),
            o.iss(),
            o.audience(),
            o.claims(),
            o.scopes(),
            o.tokenUrl(),
            o.endpointParams(),
            tls(o.tlsConfig(), folder),
            o.proxyUrl(),
            o.noProxy(),
            o.proxyFromEnvironment(),
            o.proxyConnectHeader());
  }

  static @Nullable TlsSettings tls(@Nullable TlsSettings t, Path folder) {
    return t == null
        ? null
        : new TlsSettings(
            t.ca(),
            file(t.caFile(), folder),
            t.cert(),
            file(t.certFile(), folder),
            t.key(),
            file(t.keyFile(), folder),
            t.serverName(),
            t.insecureSkipVerify(),
            t.minVersion(),
            t.maxVersion());
  }

  private static String file(String name, Path folder) {
    return name.isEmpty() ? name : folder.resolve(name).toString();
  }
}
