package io.narthex.httpclient;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.HttpTransport.BasicAuth;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.OAuth2;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** Fetches OAuth 2.0 tokens and keeps them until shortly before they expire. */
final class OAuth2Tokens {
  private static final String JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  private static final long EARLY_MS = 10_000;
  private static final int MAX_ANSWER = 1 << 20;

  private record Token(String header, long expiresMs) {}

  /** What a token depends on; a changed secret file gives a new one. */
  private record Key(OAuth2 settings, String secret) {}

  private final HttpTransport transport;
  private final ConcurrentMap<Key, Token> tokens = new ConcurrentHashMap<>();

  OAuth2Tokens(HttpTransport transport) {
    this.transport = transport;
  }

  String authorization(OAuth2 o, HttpSettings http, Duration timeout)
      throws IOException, InterruptedException {
    boolean jwt = o.grantType().equals(JWT_GRANT);
    String secret =
        jwt
            ? Credentials.secretOrFile(o.clientCertificateKey(), o.clientCertificateKeyFile())
            : Credentials.secretOrFile(o.clientSecret(), o.clientSecretFile());
    Key key = new Key(o, secret);
    Token t = tokens.get(key);
    long now = System.currentTimeMillis();
    if (t != null && now < t.expiresMs) {
      return t.header;
    }
    Token fresh = fetch(o, http, secret, jwt, timeout, now);
    if (tokens.size() > 1000) {
      tokens.clear();
    }
    tokens.put(key, fresh);
    return fresh.header;
  }

  private Token fetch(
      OAuth2 o, HttpSettings http, String secret, boolean jwt, Duration timeout, long now)
      throws IOException, InterruptedException {
    Map<String, String> form = new LinkedHashMap<>();
    if (jwt) {
      form.put("grant_type", JWT_GRANT);
      form.put("assertion", assertion(o, secret, now));
    } else {
      form.put("grant_type", "client_credentials");
    }
    if (!o.scopes().isEmpty() && !jwt) {
      form.put("scope", String.join(" ", o.scopes()));
    }
    form.putAll(o.endpointParams());
    if (jwt) {
      return post(o, form, null, timeout, now, true);
    }
    BasicAuth basic =
        new BasicAuth(
            encode(o.clientId()), "", io.narthex.spi.config.Secret.of(encode(secret)), "");
    try {
      return post(o, form, basic, timeout, now, false);
    } catch (Refused _) {
      // some servers want the credentials in the form
      form.put("client_id", o.clientId());
      form.put("client_secret", secret);
      return post(o, form, null, timeout, now, true);
    }
  }

  private static final class Refused extends IOException {
    private static final long serialVersionUID = 1;

    Refused(String message) {
      super(message);
    }
  }

  private Token post(
      OAuth2 o,
      Map<String, String> form,
      @Nullable BasicAuth basic,
      Duration timeout,
      long now,
      boolean last)
      throws IOException, InterruptedException {
    StringBuilder body = new StringBuilder();
    form.forEach((k, v) ->
        body.append(body.isEmpty() ? "" : "&").append(encode(k)).append('=').append(encode(v)));
    HttpSettings settings =
        HttpSettings.DEFAULT.toBuilder()
            .basicAuth(basic)
            .tlsConfig(o.tlsConfig())
            .proxyUrl(o.proxyUrl())
            .noProxy(o.noProxy())
            .proxyFromEnvironment(o.proxyFromEnvironment())
            .proxyConnectHeader(o.proxyConnectHeader())
            .build();
    var request =
        HttpTransport.Request.post(
            GoUrl.parse(o.tokenUrl()),
            "application/x-www-form-urlencoded",
            body.toString().getBytes(StandardCharsets.UTF_8),
            timeout);
    try (HttpTransport.Response r = transport.send(request, settings)) {
      String answer = new String(r.body().readNBytes(MAX_ANSWER), StandardCharsets.UTF_8);
      if (r.status() < 200 || r.status() > 299) {
        // the rest of the response may quote the request, which contains the secret
        String error = field(answer, "error");
        String message =
            "oauth2: cannot fetch token: "
                + r.status()
                + (error != null && error.matches("[a-z_]{1,60}") ? " " + error : "");
        if (!last && r.status() >= 400 && r.status() < 500) {
          throw new Refused(message);
        }
        throw new IOException(message);
      }
      String token = field(answer, "access_token");
      if (token == null || token.isEmpty()) {
        throw new IOException("oauth2: server response missing access_token");
      }
      String type = field(answer, "token_type");
      String expires = field(answer, "expires_in");
      long lifeMs = Long.MAX_VALUE / 2 - now;
      if (expires != null) {
        try {
          lifeMs = (long) (Double.parseDouble(expires) * 1000);
        } catch (NumberFormatException _) {
          lifeMs = 60_000;
        }
      }
      String scheme = type == null || type.equalsIgnoreCase("bearer") ? "Bearer" : type;
      return new Token(scheme + " " + token, now + Math.max(0, lifeMs - EARLY_MS));
    }
  }

  private static String encode(String s) {
    return URLEncoder.encode(s, StandardCharsets.UTF_8);
  }

  /** Returns a field of a flat JSON object or of a form, or null. */
  static @Nullable String field(String answer, String name) {
    int at = answer.indexOf("\"" + name + "\"");
    if (at < 0) {
      for (String pair : answer.split("&")) {
        if (pair.startsWith(name + "=")) {
          return java.net.URLDecoder.decode(
              pair.substring(name.length() + 1), StandardCharsets.UTF_8);
        }
      }
      return null;
    }
    int i = answer.indexOf(':', at) + 1;
    while (i < answer.length() && Character.isWhitespace(answer.charAt(i))) {
      i++;
    }
    StringBuilder out = new StringBuilder();
    if (i < answer.length() && answer.charAt(i) == '"') {
      for (i++; i < answer.length() && answer.charAt(i) != '"'; i++) {
        char c = answer.charAt(i);
        if (c == '\\' && i + 1 < answer.length()) {
          c = answer.charAt(++i);
          if (c == 'u' && i + 4 < answer.length()) {
            c = (char) Integer.parseInt(answer, i + 1, i + 5, 16);
            i += 4;
          }
        }
        out.append(c);
      }
      return out.toString();
    }
    while (i < answer.length() && ",}] \n\r\t".indexOf(answer.charAt(i)) < 0) {
      out.append(answer.charAt(i++));
    }
    return out.toString();
  }

  private static String assertion(OAuth2 o, String key, long now) throws IOException {
    String algorithm = o.signatureAlgorithm().isEmpty() ? "RS256" : o.signatureAlgorithm();
    StringBuilder head = new StringBuilder("{\"alg\":\"").append(algorithm).append('"');
    head.append(",\"typ\":\"JWT\"");
    if (!o.clientCertificateKeyId().isEmpty()) {
      head.append(",\"kid\":").append(json(o.clientCertificateKeyId()));
    }
    head.append('}');
    String issuer = o.iss().isEmpty() ? o.clientId() : o.iss();
    String audience = o.audience().isEmpty() ? o.tokenUrl() : o.audience();
    StringBuilder claims = new StringBuilder("{\"iss\":").append(json(issuer));
    claims.append(",\"aud\":").append(json(audience));
    claims.append(",\"iat\":").append(now / 1000).append(",\"exp\":").append(now / 1000 + 3600);
    if (!o.scopes().isEmpty()) {
      claims.append(",\"scope\":").append(json(String.join(" ", o.scopes())));
    }
    o.claims().forEach((k, v) -> claims.append(',').append(json(k)).append(':').append(json(v)));
    claims.append('}');
    Base64.Encoder url = Base64.getUrlEncoder().withoutPadding();
    String signed =
        url.encodeToString(head.toString().getBytes(StandardCharsets.UTF_8))
            + "."
            + url.encodeToString(claims.toString().getBytes(StandardCharsets.UTF_8));
    try {
      Signature s = Signature.getInstance("SHA" + algorithm.substring(2) + "withRSA");
      s.initSign(Pem.privateKey(key));
      s.update(signed.getBytes(StandardCharsets.US_ASCII));
      return signed + "." + url.encodeToString(s.sign());
    } catch (GeneralSecurityException e) {
      throw new IOException("oauth2: JWT cannot be signed: " + e.getMessage(), e);
    }
  }

  private static String json(String s) {
    StringBuilder b = new StringBuilder("\"");
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c == '"' || c == '\\') {
        b.append('\\').append(c);
      } else if (c < 0x20) {
        b.append("\\u00")
            .append(Character.forDigit(c >> 4, 16))
            .append(Character.forDigit(c & 15, 16));
      } else {
        b.append(c);
      }
    }
    return b.append('"').toString();
  }
}
