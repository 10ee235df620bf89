package io.narthex.launch;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/**
 * The folder for temporary files of the process: {@code java.io.tmpdir}, or, where nothing can be
 * written there, {@code narthex/temporary} in the data folder, which is the one place that a server
 * on a read-only file system may write to.
 */
final class TemporaryFolder {
  private static final String PROPERTY = "java.io.tmpdir";

  private TemporaryFolder() {}

  /**
   * Finds the folder and makes it the one of the whole process. Must be called before the JVM's
   * first temporary file.
   *
   * @param data the data folder, or null for a command without one
   * @throws StartProblem when nothing can be written to either
   */
  static Path choose(@Nullable Path data) throws StartProblem {
    Path usual = Path.of(System.getProperty(PROPERTY, "/tmp"));
    if (isUsable(usual)) {
      return usual;
    }
    String tried = "nothing can be written to " + usual;
    if (data != null) {
      Path own = data.resolve("narthex").resolve("temporary").toAbsolutePath().normalize();
      try {
        Files.createDirectories(own, forOwner());
        if (isUsable(own)) {
          System.setProperty(PROPERTY, own.toString());
          return own;
        }
        tried += " nor to " + own;
      } catch (IOException e) {
        tried += " nor to " + own + " (" + StartProblem.text(e) + ")";
      }
    }
    throw new StartProblem(
        "temporary files: " + tried + "; name a folder that can be written to in TMPDIR");
  }

  /** As the server makes its data folder. */
  private static FileAttribute<?>[] forOwner() {
    return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
        }
        : new FileAttribute<?>[0];
  }

  /** Tries it: permissions do not tell all, least of all to root. */
  private static boolean isUsable(Path folder) {
    try {
      Path probe = folder.resolve("narthex-probe" + ProcessHandle.current().pid());
      Files.createDirectory(probe);
      Files.delete(probe);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
