package io.narthex.http.access;

import io.narthex.service.server.ServerInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The admin token; its file is read for each comparison, so a new token counts at once. */
public final class AdminToken {
  /** The name of the identity that it gives. */
  static final String NAME = "admin";

  private static final int MAX_BYTES = 4096;

  private final ServerInfo server;

  public AdminToken(ServerInfo server) {
    this.server = server;
  }

  /** Returns the file that holds the token. */
  public Path file() {
    return server.stateDirectory().resolve("admin.token");
  }

  /**
   * Returns whether a string is the token.
   *
   * @throws IOException when the file cannot be read
   */
  boolean matches(String text) throws IOException {
    String wanted = new String(read(), StandardCharsets.UTF_8);
    // digests are compared: the time reveals nothing about the token, not even its length
    return !wanted.isEmpty() && Digests.same(Digests.sha256Hex(wanted), Digests.sha256Hex(text));
  }

  /** Returns a digest of the token, another one when the token has changed. */
  String digest() throws IOException {
    return Digests.sha256Hex(new String(read(), StandardCharsets.UTF_8));
  }

  private byte[] read() throws IOException {
    try (InputStream in = Files.newInputStream(file())) {
      String text = new String(in.readNBytes(MAX_BYTES), StandardCharsets.UTF_8);
      return text.strip().getBytes(StandardCharsets.UTF_8);
    }
  }
}
