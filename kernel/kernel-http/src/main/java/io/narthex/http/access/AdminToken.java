package io.narthex.http.access;

import io.narthex.service.server.ServerInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/** The token that lets an admin in; it is read for each comparison, so a new one counts at once. */
public final class AdminToken {
  private static final String BEARER = "Bearer ";

  private final ServerInfo server;

  public AdminToken(ServerInfo server) {
    this.server = server;
  }

  /** Returns the file that holds the token. */
  public Path file() {
    return server.stateDirectory().resolve("admin.token");
  }

  /** Tells whether a header {@code Authorization} has a token at all. */
  public static boolean isBearer(@Nullable String authorization) {
    return authorization != null && authorization.startsWith(BEARER);
  }

  /**
   * Tells whether a header {@code Authorization} has the token.
   *
   * @throws IOException when the file cannot be read
   */
  public boolean matches(@Nullable String authorization) throws IOException {
    if (authorization == null || !authorization.startsWith(BEARER)) {
      return false;
    }
    byte[] wanted = Files.readString(file()).strip().getBytes(StandardCharsets.UTF_8);
    byte[] given =
        authorization.substring(BEARER.length()).strip().getBytes(StandardCharsets.UTF_8);
    return wanted.length > 0 && MessageDigest.isEqual(wanted, given);
  }
}
