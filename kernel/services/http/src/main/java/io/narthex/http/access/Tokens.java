package io.narthex.http.access;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.narthex.http.store.Refused;
import io.narthex.http.store.StateFile;
import io.narthex.service.config.AccessConfig.Role;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * API tokens, {@code narthex_ID_SECRET}, in the file {@code tokens.json}. Only the SHA-256 of a
 * token is kept: the secret has 256 random bits, so a slower hash is not needed. A token is looked
 * up by its id, which is not secret, and compared in constant time. Thread-safe.
 *
 * <p>Changes read the file first and write it whole, so that two generations of this bundle do not
 * undo each other's. The time of the last use is written once a minute at most.
 */
public final class Tokens {
  private static final Logger LOG = LoggerFactory.getLogger(Tokens.class);
  private static final String PREFIX = "narthex_";
  private static final int ID_LENGTH = 12;
  private static final int MOST = 1000;
  private static final int MAX_BYTES = 4 << 20;
  private static final int MAX_TOKEN = 200;
  private static final int MAX_NAME = 64;
  private static final long WRITE_MILLIS = Duration.ofMinutes(1).toMillis();
  private static final JsonMapper JSON = new JsonMapper();

  private final Path file;
  private final Clock clock;
  private final Map<String, Long> lastUsed = new ConcurrentHashMap<>();
  private final AtomicLong writtenMs = new AtomicLong();
  private volatile Map<String, Token> byId = Map.of();
  private volatile boolean usable = true;

  /**
   * What is known of a token.
   *
   * @param sha256 of the whole token, hexadecimal
   * @param expiresMs epoch milliseconds; 0 for never
   * @param lastUsedMs epoch milliseconds; 0 for never
   */
  public record Token(
      String id,
      String name,
      Role role,
      String sha256,
      long createdMs,
      String createdBy,
      long expiresMs,
      long lastUsedMs) {
    /** Returns whether it has expired. */
    public boolean expired(long nowMs) {
      return expiresMs != 0 && nowMs >= expiresMs;
    }

    private Token usedAt(long timeMs) {
      return new Token(id, name, role, sha256, createdMs, createdBy, expiresMs, timeMs);
    }
  }

  /** A new token and its secret, which is shown only once. */
  public record Created(Token token, String text) {}

  /** Reads the file; without one there are no tokens. */
  public Tokens(Path file, Clock clock) {
    this.file = file;
    this.clock = clock;
    try {
      byId = read();
    } catch (IOException | RuntimeException e) {
      usable = false;
      LOG.error("{} cannot be used, none of its tokens counts: {}", file, reason(e));
    }
  }

  private static String reason(Exception e) {
    // the content of the file must not get into the log
    return e instanceof JsonProcessingException j
        ? "line " + (j.getLocation() == null ? 0 : j.getLocation().getLineNr()) + " is no JSON"
        : e.toString();
  }

  private Map<String, Token> read() throws IOException {
    byte[] text;
    try {
      long size = Files.size(file);
      if (size > MAX_BYTES) {
        throw new IOException("it may have " + MAX_BYTES + " bytes, got " + size);
      }
      text = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return Map.of();
    }
    JsonNode root = JSON.readTree(text);
    if (root == null || root.path("version").asInt() != 1) {
      throw new IOException("version must be 1");
    }
    Map<String, Token> tokens = new LinkedHashMap<>();
    for (JsonNode t : root.path("tokens")) {
      Token token =
          new Token(
              t.path("id").asText(),
              t.path("name").asText(),
              role(t.path("role").asText()),
              t.path("sha256").asText(),
              t.path("created").asLong(),
              t.path("createdBy").asText(),
              t.path("expires").asLong(),
              t.path("lastUsed").asLong());
      if (!token.id().matches("[0-9a-f]{" + ID_LENGTH + "}")
          || !token.sha256().matches("[0-9a-f]{64}")) {
        throw new IOException("a token needs an id and a sha256");
      }
      tokens.put(token.id(), token);
    }
    return tokens;
  }

  private static Role role(String text) throws IOException {
    for (Role role : Role.values()) {
      if (role.name().toLowerCase(Locale.ROOT).equals(text)) {
        return role;
      }
    }
    throw new IOException("there is no role \"" + text + "\"");
  }

  private void write(Map<String, Token> tokens) throws IOException {
    ObjectNode root = JSON.createObjectNode().put("version", 1);
    ArrayNode list = root.putArray("tokens");
    for (Token t : tokens.values()) {
      list.addObject()
          .put("id", t.id())
          .put("name", t.name())
          .put("role", t.role().name().toLowerCase(Locale.ROOT))
          .put("sha256", t.sha256())
          .put("created", t.createdMs())
          .put("createdBy", t.createdBy())
          .put("expires", t.expiresMs())
          .put("lastUsed", t.lastUsedMs());
    }
    StateFile.replace(file, (root.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
    byId = Map.copyOf(tokens);
    writtenMs.set(clock.millis());
  }

  /** Returns the content of the file now, with the newest times of use. */
  private Map<String, Token> fresh() throws IOException {
    Map<String, Token> tokens = new LinkedHashMap<>(read());
    tokens.replaceAll((id, t) -> t.usedAt(Math.max(t.lastUsedMs(), lastUsed.getOrDefault(id, 0L))));
    return tokens;
  }

  /** Returns the token with this text, or null when there is none or it has expired. */
  public @Nullable Token find(String text) {
    Token known = byText(text);
    long now = clock.millis();
    if (known == null
        || !Digests.same(known.sha256(), Digests.sha256Hex(text))
        || known.expired(now)) {
      return null;
    }
    used(known.id(), now);
    return known;
  }

  private @Nullable Token byText(String text) {
    int secret = PREFIX.length() + ID_LENGTH + 1;
    return text.length() > MAX_TOKEN || text.length() <= secret || !text.startsWith(PREFIX)
        ? null
        : byId.get(text.substring(PREFIX.length(), secret - 1));
  }

  /** Returns the token with an id, unless it was removed or has expired. */
  @Nullable Token present(String id) {
    Token token = byId.get(id);
    return token == null || token.expired(clock.millis()) ? null : token;
  }

  private void used(String id, long nowMs) {
    lastUsed.put(id, nowMs);
    long written = writtenMs.get();
    if (nowMs - written >= WRITE_MILLIS && writtenMs.compareAndSet(written, nowMs)) {
      flush();
    }
  }

  /** Writes the times of use. */
  synchronized void flush() {
    if (lastUsed.isEmpty() || !usable) {
      return;
    }
    try {
      Map<String, Token> tokens = fresh();
      lastUsed.keySet().retainAll(tokens.keySet());
      write(tokens);
    } catch (IOException | RuntimeException e) {
      LOG.warn("{}: times of use cannot be written: {}", file, reason(e));
    }
  }

  /** Returns all tokens, the expired ones too, in the order of their names. */
  public List<Token> list() {
    List<Token> all = new ArrayList<>();
    for (Token t : byId.values()) {
      all.add(t.usedAt(Math.max(t.lastUsedMs(), lastUsed.getOrDefault(t.id(), 0L))));
    }
    all.sort(java.util.Comparator.comparing(Token::name));
    return all;
  }

  /**
   * Makes a token.
   *
   * @param lifetime null for one that does not expire
   * @param by who asks
   * @throws Refused when it cannot be, with the reason
   */
  public synchronized Created create(String name, Role role, @Nullable Duration lifetime, String by)
      throws Refused {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*") || name.length() > MAX_NAME) {
      throw new Refused(
          400,
          "the name of a token has 1 to "
              + MAX_NAME
              + " letters, digits, dots, underscores and hyphens, and begins with a letter or"
              + " digit");
    }
    if (name.equals(AdminToken.NAME)) {
      throw new Refused(409, "\"" + name + "\" is the token of the first start");
    }
    try {
      Map<String, Token> tokens = fresh();
      if (tokens.size() >= MOST) {
        throw new Refused(409, "there are " + MOST + " tokens already; remove some");
      }
      if (tokens.values().stream().anyMatch(t -> t.name().equals(name))) {
        throw new Refused(409, "there is a token \"" + name + "\" already");
      }
      byte[] random = new byte[ID_LENGTH / 2];
      new java.security.SecureRandom().nextBytes(random);
      String id = HexFormat.of().formatHex(random);
      String text = PREFIX + id + "_" + Digests.random();
      long now = clock.millis();
      long expires = lifetime == null ? 0 : Math.addExact(now, lifetime.toMillis());
      Token token = new Token(id, name, role, Digests.sha256Hex(text), now, by, expires, 0);
      tokens.put(id, token);
      write(tokens);
      usable = true;
      return new Created(token, text);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private Refused failed(IOException e) {
    LOG.error("{}: {}", file, reason(e));
    return new Refused(500, file.getFileName() + " cannot be changed; the log says why");
  }

  /**
   * Removes a token.
   *
   * @param name its name or id
   * @throws Refused when there is none, with the reason
   */
  public synchronized Token remove(String name) throws Refused {
    try {
      Map<String, Token> tokens = fresh();
      Token found =
          tokens.values().stream()
              .filter(t -> t.name().equals(name) || t.id().equals(name))
              .findFirst()
              .orElseThrow(() -> new Refused(404, "there is no such token"));
      tokens.remove(found.id());
      lastUsed.remove(found.id());
      write(tokens);
      return found;
    } catch (IOException e) {
      throw failed(e);
    }
  }
}
