package io.narthex.bench.contact;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Names of hosts that both sides know and the machine does not: a program gets a file system of its
 * own with another {@code /etc/hosts}, where the system permits that.
 *
 * @param file the file with the names
 * @param permitted whether programs can have it
 */
record Hosts(Path file, boolean permitted) {
  private static final String MOUNT = "mount --bind \"$0\" /etc/hosts";

  /** Keeps the zones of time, which the other /usr/share would hide, where Go looks first. */
  private static final String ZONES =
      "zones=${0%/*}/zones && mkdir -p \"$zones\" && mount --bind /usr/share/zoneinfo \"$zones\""
          + " && export ZONEINFO=\"$zones\" && ";

  /** Writes the names. */
  static Hosts create(Path folder, List<String> names) throws IOException, InterruptedException {
    StringBuilder text = new StringBuilder("127.0.0.1 localhost\n::1 localhost ip6-localhost\n");
    names.forEach(name -> text.append("127.0.0.1 ").append(name).append('\n'));
    Path file = Files.writeString(folder.resolve("hosts"), text);
    Process trial;
    try {
      trial =
          new ProcessBuilder(
                  "unshare", "--mount", "--map-root-user", "sh", "-c", MOUNT, file.toString())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      return new Hosts(file, false); // no such program
    }
    boolean ended = trial.waitFor(10, TimeUnit.SECONDS);
    return new Hosts(file, ended && trial.exitValue() == 0);
  }

  /**
   * Returns what precedes the command of a program. Debian's packages read files below {@code
   * /usr/share}, which one that is not installed gets there too.
   */
  List<String> before(Path program) {
    if (!permitted) {
      return List.of();
    }
    Path share = program.resolveSibling("../share").normalize();
    boolean unpacked =
        !Files.isDirectory(Path.of("/usr/share/prometheus"))
            && Files.isDirectory(share.resolve("prometheus"));
    String mounts = MOUNT + " && " + (unpacked ? ZONES + "mount --bind \"$1\" /usr/share && " : "");
    return new ArrayList<>(
        List.of(
            "unshare",
            "--mount",
            "--map-root-user",
            "sh",
            "-c",
            mounts + "shift && exec \"$@\"",
            file.toString(),
            share.toString()));
  }
}
