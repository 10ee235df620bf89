package io.narthex.http.access;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.narthex.service.config.AccessConfig.Oidc;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * ID tokens of OpenID Connect Core 1.0, section 3.1.3.7: signed with RS256 or ES256 by a key of the
 * provider. Everything else that a token may claim about its signature, like {@code none} or a key
 * of its own, is ignored.
 */
final class IdToken {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int MAX_LENGTH = 64 << 10;
  private static final int MIN_RSA_BITS = 2048;
  private static final int MAX_RSA_BITS = 8192;

  private final String signed;
  private final byte[] signature;
  private final String algorithm;
  private final String keyId;
  private final JsonNode claims;

  private IdToken(
      String signed, byte[] signature, String algorithm, String keyId, JsonNode claims) {
    this.signed = signed;
    this.signature = signature;
    this.algorithm = algorithm;
    this.keyId = keyId;
    this.claims = claims;
  }

  /** A token that is not accepted; the message is for users and the log. */
  static final class Invalid extends Exception {
    private static final long serialVersionUID = 1;

    Invalid(String message) {
      super(message);
    }
  }

  /** Parses a token; none of its claims may be used before it is verified. */
  static IdToken parse(String text) throws Invalid {
    String[] parts = text.length() > MAX_LENGTH ? new String[0] : text.split("\\.", -1);
    if (parts.length != 3) {
      throw new Invalid("the ID token is no signed JWT");
    }
    try {
      JsonNode header = JSON.readTree(Base64.getUrlDecoder().decode(parts[0]));
      JsonNode claims = JSON.readTree(Base64.getUrlDecoder().decode(parts[1]));
      byte[] signature = Base64.getUrlDecoder().decode(parts[2]);
      if (!header.isObject() || !claims.isObject() || header.has("crit")) {
        throw new Invalid("the ID token is no JWT that is understood here");
      }
      return new IdToken(
          parts[0] + "." + parts[1],
          signature,
          header.path("alg").asText(),
          header.path("kid").asText(),
          claims);
    } catch (IllegalArgumentException | java.io.IOException e) {
      throw new Invalid("the ID token is no signed JWT");
    }
  }

  /** Returns the key of a set that the token names, or null. */
  @Nullable JsonNode key(JsonNode keys) {
    String type = algorithm.equals("RS256") ? "RSA" : "EC";
    JsonNode only = null;
    for (JsonNode key : keys.path("keys")) {
      String use = key.path("use").asText("sig");
      if (!key.path("kty").asText().equals(type) || !use.equals("sig")) {
        continue;
      }
      if (!keyId.isEmpty() && key.path("kid").asText().equals(keyId)) {
        return key;
      }
      if (keyId.isEmpty()) {
        if (only != null) {
          return null; // without a key id the key is ambiguous
        }
        only = key;
      }
    }
    return only;
  }

  /** Checks the signature. */
  void verify(JsonNode key) throws Invalid {
    try {
      Signature check =
          Signature.getInstance(
              switch (algorithm) {
                case "RS256" -> "SHA256withRSA";
                case "ES256" -> "SHA256withECDSAinP1363Format";
                default -> throw new Invalid("the ID token must be signed with RS256 or ES256");
              });
      check.initVerify(algorithm.equals("RS256") ? rsa(key) : ec(key));
      check.update(signed.getBytes(StandardCharsets.US_ASCII));
      if (check.verify(signature)) {
        return;
      }
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new Invalid("the signature of the ID token cannot be checked");
    }
    throw new Invalid("the signature of the ID token is wrong");
  }

  /** Returns whether the algorithm is supported. */
  boolean knownAlgorithm() {
    return algorithm.equals("RS256") || algorithm.equals("ES256");
  }

  private static BigInteger number(JsonNode key, String name) {
    return new BigInteger(1, Base64.getUrlDecoder().decode(key.path(name).asText()));
  }

  private static PublicKey rsa(JsonNode key) throws GeneralSecurityException, Invalid {
    BigInteger modulus = number(key, "n");
    BigInteger exponent = number(key, "e");
    if (modulus.bitLength() < MIN_RSA_BITS
        || modulus.bitLength() > MAX_RSA_BITS
        || exponent.bitLength() > 32) {
      throw new Invalid("the provider's RSA key has " + modulus.bitLength() + " bits");
    }
    return KeyFactory.getInstance("RSA").generatePublic(new RSAPublicKeySpec(modulus, exponent));
  }

  private static PublicKey ec(JsonNode key) throws GeneralSecurityException, Invalid {
    if (!key.path("crv").asText().equals("P-256")) {
      throw new Invalid("the provider's EC key is not of P-256");
    }
    AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
    curve.init(new ECGenParameterSpec("secp256r1"));
    ECPoint point = new ECPoint(number(key, "x"), number(key, "y"));
    return KeyFactory.getInstance("EC")
        .generatePublic(new ECPublicKeySpec(point, curve.getParameterSpec(ECParameterSpec.class)));
  }

  /**
   * Checks what a verified token says and returns its claims.
   *
   * @param nonce what was sent with the request for it
   */
  JsonNode check(Oidc oidc, String nonce, long nowSeconds) throws Invalid {
    long skew = oidc.clockSkew().toSeconds();
    if (!claims.path("iss").asText().equals(oidc.issuer())) {
      throw new Invalid("the ID token is of another issuer");
    }
    JsonNode audience = claims.path("aud");
    boolean named = audience.isTextual() && audience.asText().equals(oidc.clientId());
    for (JsonNode one : audience.isArray() ? audience : JSON.createArrayNode()) {
      named |= one.isTextual() && one.asText().equals(oidc.clientId());
    }
    boolean several = audience.isArray() && audience.size() > 1;
    boolean party =
        claims.has("azp") ? claims.path("azp").asText().equals(oidc.clientId()) : !several;
    if (!named || !party) {
      throw new Invalid("the ID token is for another client");
    }
    if (!claims.path("exp").isNumber() || claims.path("exp").asLong() + skew <= nowSeconds) {
      throw new Invalid("the ID token has expired; compare the clocks");
    }
    if (!claims.path("iat").isNumber()
        || claims.path("iat").asLong() - skew > nowSeconds
        || claims.path("nbf").asLong(0) - skew > nowSeconds) {
      throw new Invalid("the ID token is of the future; compare the clocks");
    }
    if (!claims.path("nonce").isTextual() || !Digests.same(claims.path("nonce").asText(), nonce)) {
      throw new Invalid("the ID token is of another login");
    }
    if (claims.path("sub").asText().isEmpty()) {
      throw new Invalid("the ID token names nobody");
    }
    return claims;
  }

  /** Reads JSON of the provider. */
  static JsonNode json(byte[] text) throws Invalid {
    try {
      JsonNode node = JSON.readTree(text);
      if (node != null && node.isObject()) {
        return node;
      }
    } catch (JsonProcessingException e) {
      throw new Invalid("the provider's answer is no JSON");
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    throw new Invalid("the provider's answer is no JSON object");
  }
}
