package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.AccessConfig.Mode;
import io.narthex.service.config.AccessConfig.Oidc;
import io.narthex.service.config.AccessConfig.Role;
import io.narthex.spi.config.Secret;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Logins at a stand-in of an OpenID provider, over real connections. */
class OidcTest extends AccessHarness {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();
  private static final String API = "/narthex/api/v1/oidc/";

  private final List<Map<String, String>> tokenRequests = new ArrayList<>();
  private final List<String> authorizations = new ArrayList<>();
  private KeyPair rsa = keys("RSA");
  private final KeyPair ec = keys("EC");
  private String algorithm = "RS256";
  private String keyId = "first";
  private Consumer<ObjectNode> header = h -> {};
  private Consumer<ObjectNode> claims = c -> {};
  private @Nullable KeyPair forger;
  private String nonce = "";
  private String issuer = "";
  private int keyReads;
  private com.sun.net.httpserver.@Nullable HttpServer provider;

  private static KeyPair keys(String kind) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(kind);
      if (kind.equals("EC")) {
        generator.initialize(new ECGenParameterSpec("secp256r1"));
      } else {
        generator.initialize(2048);
      }
      return generator.generateKeyPair();
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  @BeforeEach
  void startProvider() throws IOException {
    com.sun.net.httpserver.HttpServer created =
        com.sun.net.httpserver.HttpServer.create(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    provider = created;
    issuer = "http://127.0.0.1:" + created.getAddress().getPort() + "/realm";
    created.createContext(
        "/realm/.well-known/openid-configuration",
        x ->
            answer(
                x,
                JSON.createObjectNode()
                    .put("issuer", issuer)
                    .put("authorization_endpoint", issuer + "/authorize")
                    .put("token_endpoint", issuer + "/token")
                    .put("jwks_uri", issuer + "/keys")));
    created.createContext(
        "/realm/keys",
        x -> {
          keyReads++;
          answer(x, jwks());
        });
    created.createContext(
        "/realm/token",
        x -> {
          String form = new String(x.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          tokenRequests.add(parameters(form));
          authorizations.add(String.valueOf(x.getRequestHeaders().getFirst("Authorization")));
          try {
            answer(x, JSON.createObjectNode().put("id_token", idToken()));
          } catch (Exception e) {
            throw new IOException(e);
          }
        });
    created.start();
    configure(Map.of("sre", Role.OPERATOR, "everyone", Role.VIEWER));
  }

  private void configure(Map<String, Role> roles) {
    access.set(
        new AccessConfig(
            Mode.STRICT,
            Map.of(),
            Map.of(),
            AccessConfig.DEFAULT.sessions(),
            new Oidc(
                issuer,
                "narthex",
                Secret.of("s3cret&"),
                "",
                List.of("groups"),
                "preferred_username",
                "groups",
                roles,
                Duration.ofMinutes(1),
                null)));
  }

  @AfterEach
  void stopProvider() {
    if (provider != null) {
      provider.stop(0);
    }
  }

  private static void answer(HttpExchange exchange, ObjectNode json) throws IOException {
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, text.length);
    exchange.getResponseBody().write(text);
    exchange.close();
  }

  private static String number(BigInteger n) {
    byte[] bytes = n.toByteArray();
    int sign = bytes[0] == 0 ? 1 : 0;
    return BASE64.encodeToString(java.util.Arrays.copyOfRange(bytes, sign, bytes.length));
  }

  private ObjectNode jwks() {
    ObjectNode set = JSON.createObjectNode();
    ArrayNode keys = set.putArray("keys");
    RSAPublicKey r = (RSAPublicKey) rsa.getPublic();
    keys.addObject()
        .put("kty", "RSA")
        .put("use", "sig")
        .put("kid", keyId)
        .put("n", number(r.getModulus()))
        .put("e", number(r.getPublicExponent()));
    ECPublicKey e = (ECPublicKey) ec.getPublic();
    keys.addObject()
        .put("kty", "EC")
        .put("crv", "P-256")
        .put("kid", keyId)
        .put("x", number(e.getW().getAffineX()))
        .put("y", number(e.getW().getAffineY()));
    return set;
  }

  private String idToken() throws Exception {
    ObjectNode head = JSON.createObjectNode().put("alg", algorithm).put("kid", keyId);
    header.accept(head);
    long now = System.currentTimeMillis() / 1000;
    ObjectNode body =
        JSON.createObjectNode()
            .put("iss", issuer)
            .put("aud", "narthex")
            .put("sub", "1234")
            .put("preferred_username", "ann")
            .put("iat", now)
            .put("exp", now + 300)
            .put("nonce", nonce);
    body.putArray("groups").add("everyone").add("sre");
    claims.accept(body);
    String signed =
        BASE64.encodeToString(head.toString().getBytes(StandardCharsets.UTF_8))
            + "."
            + BASE64.encodeToString(body.toString().getBytes(StandardCharsets.UTF_8));
    boolean byRsa = !algorithm.equals("ES256");
    Signature signature =
        Signature.getInstance(byRsa ? "SHA256withRSA" : "SHA256withECDSAinP1363Format");
    KeyPair own = byRsa ? rsa : ec;
    signature.initSign((forger == null ? own : forger).getPrivate());
    signature.update(signed.getBytes(StandardCharsets.US_ASCII));
    return signed + "." + (algorithm.equals("none") ? "" : BASE64.encodeToString(signature.sign()));
  }

  private static Map<String, String> parameters(String query) {
    Map<String, String> all = new HashMap<>();
    for (String pair : query.split("&")) {
      int equals = pair.indexOf('=');
      all.put(
          pair.substring(0, equals),
          URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
    }
    return all;
  }

  /** What a browser knows after it was sent to the provider. */
  private record Sent(Map<String, String> query, String cookie) {}

  private Sent begin(String next) throws Exception {
    HttpResponse<String> answer = send(to(API + "login?next=" + next));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(303);
    String location = answer.headers().firstValue("Location").orElseThrow();
    assertThat(location).startsWith(issuer + "/authorize?");
    String set = answer.headers().firstValue("Set-Cookie").orElseThrow();
    assertThat(set).contains("HttpOnly", "SameSite=Lax", "Path=/narthex/narthex/api/v1/oidc;");
    Map<String, String> query = parameters(URI.create(location).getRawQuery());
    nonce = String.valueOf(query.get("nonce"));
    return new Sent(query, set.substring(0, set.indexOf(';')));
  }

  private HttpResponse<String> back(Sent sent, @Nullable String cookie) throws Exception {
    HttpRequest.Builder request = to(API + "callback?code=c0de&state=" + sent.query().get("state"));
    return send(cookie == null ? request : request.header("Cookie", cookie));
  }

  private HttpResponse<String> login() throws Exception {
    Sent sent = begin("alerts");
    return back(sent, sent.cookie());
  }

  private static @Nullable String session(HttpResponse<String> answer) {
    return answer.headers().allValues("Set-Cookie").stream()
        .filter(c -> c.startsWith("narthex_session="))
        .map(c -> c.substring(0, c.indexOf(';')))
        .findFirst()
        .orElse(null);
  }

  @Test
  void logsInWithCodePkceStateAndNonce() throws Exception {
    start();
    Sent sent = begin("alerts%3Fa%3Db");
    assertThat(sent.query())
        .containsEntry("response_type", "code")
        .containsEntry("client_id", "narthex")
        .containsEntry("scope", "openid groups")
        .containsEntry("code_challenge_method", "S256")
        .containsEntry(
            "redirect_uri", "https://metrics.example/narthex/narthex/api/v1/oidc/callback");
    HttpResponse<String> answer = back(sent, sent.cookie());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body()).contains("content=\"0;url=../../../../alerts?a=b\"");
    String session = session(answer);
    assertThat(session).isNotNull();
    Map<String, String> form = tokenRequests.getFirst();
    assertThat(form)
        .containsEntry("code", "c0de")
        .containsEntry("grant_type", "authorization_code");
    byte[] verifier =
        MessageDigest.getInstance("SHA-256")
            .digest(String.valueOf(form.get("code_verifier")).getBytes(StandardCharsets.US_ASCII));
    assertThat(sent.query()).containsEntry("code_challenge", BASE64.encodeToString(verifier));
    assertThat(authorizations)
        .containsExactly(
            "Basic "
                + Base64.getEncoder()
                    .encodeToString("narthex:s3cret%26".getBytes(StandardCharsets.UTF_8)));
    String who =
        send(to("/narthex/api/v1/session").header("Cookie", String.valueOf(session))).body();
    assertThat(who).contains("\"name\":\"oidc:ann\"", "\"role\":\"operator\"", "\"oidc\":true");
    assertThat(back(sent, sent.cookie()).statusCode()).as("a second time").isEqualTo(400);
  }

  @Test
  void aLoginBelongsToTheBrowserThatBeganIt() throws Exception {
    start();
    assertThat(back(begin("x"), null).statusCode()).isEqualTo(400);
    Sent other = begin("x");
    assertThat(back(begin("x"), other.cookie()).statusCode()).isEqualTo(400);
    assertThat(send(to(API + "callback?code=a&state=b")).statusCode()).isEqualTo(400);
    assertThat(tokenRequests).as("nothing was asked for").isEmpty();
  }

  @Test
  void takesEllipticKeysAndKeepsWhatItHasRead() throws Exception {
    start();
    algorithm = "ES256";
    assertThat(session(login())).isNotNull();
    assertThat(session(login())).isNotNull();
    assertThat(keyReads).as("keys are kept").isEqualTo(1);
  }

  private void refused(String what) throws Exception {
    HttpResponse<String> answer = login();
    assertThat(answer.statusCode()).as(what).isEqualTo(403);
    assertThat(session(answer)).as(what).isNull();
  }

  @Test
  void tokensThatProveNothingAreRefused() throws Exception {
    start();
    forger = keys("RSA");
    refused("a signature of another key");
    forger = null;
    algorithm = "none";
    refused("no signature");
    algorithm = "HS256";
    refused("another algorithm");
    algorithm = "RS256";
    header = h -> h.put("kid", "other");
    refused("a key that the provider does not name");
    header = h -> h.putArray("crit").add("x");
    refused("something that has to be understood");
    header = h -> {};
    long now = System.currentTimeMillis() / 1000;
    Map<String, Consumer<ObjectNode>> wrong = new HashMap<>();
    wrong.put("issuer", c -> c.put("iss", "https://evil.example"));
    wrong.put("audience", c -> c.put("aud", "other"));
    wrong.put("several audiences", c -> c.putArray("aud").add("narthex").add("other"));
    wrong.put("party", c -> c.put("azp", "other"));
    wrong.put("expiry", c -> c.put("exp", now - 61));
    wrong.put("no expiry", c -> c.remove("exp"));
    wrong.put("future", c -> c.put("iat", now + 120));
    wrong.put("nonce", c -> c.put("nonce", "other"));
    wrong.put("no nonce", c -> c.remove("nonce"));
    wrong.put("nobody", c -> c.remove("sub"));
    wrong.put("name", c -> c.put("preferred_username", "a\nb"));
    wrong.put("role", c -> c.putArray("groups").add("sales"));
    wrong.put("no role", c -> c.remove("groups"));
    for (Map.Entry<String, Consumer<ObjectNode>> e : wrong.entrySet()) {
      claims = e.getValue();
      refused(e.getKey());
    }
    claims = c -> c.put("exp", now - 30);
    assertThat(session(login())).as("clocks may differ a little").isNotNull();
  }

  @Test
  void leadsToOwnPagesOnly() throws Exception {
    start();
    for (String next :
        List.of(
            "https%3A%2F%2Fevil.example",
            "%2F%2Fevil.example", "%5C%5Cevil.example", "x%22%3E%3Cscript%3E", "")) {
      Sent sent = begin(next);
      String page = back(sent, sent.cookie()).body();
      assertThat(page).as(next).contains("url=../../../../query").doesNotContain("evil", "<script");
    }
  }

  @Test
  void sessionsEndWithTheConfigurationTheyCameFrom() throws Exception {
    start();
    String cookie = String.valueOf(session(login()));
    HttpRequest.Builder read = to("/api/v1/query?query=up").header("Cookie", cookie);
    assertThat(send(read).statusCode()).isEqualTo(200);
    configure(Map.of("sre", Role.VIEWER));
    assertThat(send(read).statusCode()).isEqualTo(401);
  }

  @Test
  void aProviderThatIsNotThereIsSaidSo() throws Exception {
    start();
    stopProvider();
    HttpResponse<String> answer = send(to(API + "login"));
    assertThat(answer.statusCode()).isEqualTo(502);
    assertThat(answer.body()).contains("the OpenID provider cannot be used now");
    access.set(AccessConfig.DEFAULT);
    assertThat(send(to(API + "login")).statusCode()).isEqualTo(404);
  }
}
