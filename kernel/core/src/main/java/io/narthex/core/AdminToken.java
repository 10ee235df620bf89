package io.narthex.core;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The token that requests to change something under {@code /narthex/api/v1} need; created at the
 * first start.
 */
final class AdminToken {
  private static final Logger LOG = LoggerFactory.getLogger(AdminToken.class);
  private static final String FILE = "admin.token";

  private AdminToken() {}

  /** Creates the token file, readable by its owner only, unless it exists. */
  static void ensure(Path stateDirectory) {
    Path file = stateDirectory.resolve(FILE);
    try {
      if (Files.exists(file) && Files.size(file) > 0) {
        return;
      }
      Files.deleteIfExists(file); // left empty by a start that was cut short
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    byte[] random = new byte[32];
    new SecureRandom().nextBytes(random);
    try {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(file, HexFormat.of().formatHex(random) + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    LOG.info("admin token created in {}", file);
  }
}
