package io.narthex.launch;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.osgi.framework.BundleException;

/** Why the process cannot start, in one line. */
final class StartProblem extends Exception {
  private static final long serialVersionUID = 1;

  StartProblem(String message) {
    super(message, null, false, false);
  }

  /**
   * Returns what failed as one line, without the names of classes where the message says it all.
   */
  static String text(Throwable failure) {
    String message = failure.getMessage();
    String text =
        switch (failure) {
          case NoSuchFileException e -> e.getFile() + ": no such file or directory";
          case AccessDeniedException e -> e.getFile() + ": permission denied";
          case FileSystemException e ->
              e.getReason() == null ? e.toString() : e.getFile() + ": " + e.getReason();
          case StartProblem _, BundleException _ -> String.valueOf(message);
          default -> failure.toString();
        };
    return text.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
