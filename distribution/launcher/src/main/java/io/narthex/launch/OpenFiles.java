package io.narthex.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The limit on open files of the process. */
final class OpenFiles {
  private static final int FEW = 512;
  private static final String ROW = "Max open files";

  private OpenFiles() {}

  /** Returns whether there is a low limit. */
  static boolean areFew() {
    try {
      return limit(Files.readAllLines(Path.of("/proc/self/limits"))) < FEW;
    } catch (IOException e) {
      return false; // not Linux
    }
  }

  /** Returns the soft limit of a table in the form of {@code /proc/self/limits}. */
  static long limit(List<String> table) {
    for (String row : table) {
      if (row.startsWith(ROW)) {
        String soft = row.substring(ROW.length()).strip().split("\\s+", 2)[0];
        return soft.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(soft);
      }
    }
    return Long.MAX_VALUE;
  }
}
