package io.narthex.core;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the data folder for the server's user alone; warns of an existing one that others can
 * enter.
 */
final class PrivateFolder {
  private static final Logger LOG = LoggerFactory.getLogger(PrivateFolder.class);
  private static final Set<PosixFilePermission> OWNER =
      PosixFilePermissions.fromString("rwx------");

  private PrivateFolder() {}

  /** Creates the folder unless it exists; a failure is reported where the folder is used. */
  static void create(Path folder) {
    try {
      if (!Files.exists(folder)) {
        Path parent = folder.getParent();
        if (parent != null) {
          Files.createDirectories(parent);
        }
        Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(OWNER));
        return;
      }
      Set<PosixFilePermission> mode = Files.getPosixFilePermissions(folder);
      if (Files.isDirectory(folder) && !OWNER.containsAll(mode)) {
        LOG.warn(
            "data folder {}: other users of this machine may enter it ({}); run chmod 700 on it",
            folder,
            PosixFilePermissions.toString(mode));
      }
    } catch (IOException | UnsupportedOperationException e) {
      LOG.debug("data folder {}: {}", folder, e.toString());
    }
  }
}
