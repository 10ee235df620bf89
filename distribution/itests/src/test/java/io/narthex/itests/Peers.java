package io.narthex.itests;

import io.narthex.testkit.Needs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Other programs, where the machine has them: in the folder NARTHEX_PEERS or on the PATH. */
final class Peers {
  private Peers() {}

  /**
   * Returns what starts a program. Debian's packages read files below {@code /usr/share}: of a
   * package that is unpacked and not installed, the program gets a file system of its own in which
   * they are there.
   */
  static List<String> command(Path program) {
    Path share = program.resolveSibling("../share").normalize();
    boolean installed = Files.isDirectory(Path.of("/usr/share/prometheus"));
    if (installed || !Files.isDirectory(share.resolve("prometheus"))) {
      return new ArrayList<>(List.of(program.toString()));
    }
    return new ArrayList<>(
        List.of(
            "unshare",
            "--mount",
            "--map-root-user",
            "sh",
            "-c",
            "mount --bind \"$0\" /usr/share && exec \"$@\"",
            share.toString(),
            program.toString()));
  }

  /** Returns one of the original programs, tried by several names; skips the test without it. */
  static Path original(String... names) {
    Optional<Path> program = find(names);
    Needs.need("peers", program.isPresent());
    return program.orElseThrow();
  }

  /** A browser and the program that drives it. */
  record Chromium(Path driver, Path browser) {}

  /** Returns the browser; skips the test without it. */
  static Chromium chromium() {
    Optional<Path> browser = find("chromium", "google-chrome", "chrome");
    Optional<Path> driver = find("chromedriver");
    Needs.need("browser", browser.isPresent() && driver.isPresent());
    return new Chromium(driver.orElseThrow(), browser.orElseThrow());
  }

  /** What a program printed and how it ended. */
  record Result(int status, String output) {}

  /** Returns the path of a program, tried by several names. */
  static Optional<Path> find(String... names) {
    List<String> folders = new ArrayList<>();
    String given = System.getenv("NARTHEX_PEERS");
    if (given != null) {
      folders.add(given);
    }
    folders.addAll(List.of(System.getenv().getOrDefault("PATH", "").split(":")));
    // programs of the system, such as servers, which not every user's PATH has
    folders.add("/usr/sbin");
    for (String folder : folders) {
      for (String name : names) {
        Path program = Path.of(folder).resolve(name);
        if (!folder.isEmpty() && Files.isExecutable(program)) {
          return Optional.of(program);
        }
      }
    }
    return Optional.empty();
  }

  /** Runs a program to its end. */
  static Result run(Path program, String... arguments) {
    List<String> command = command(program);
    command.addAll(List.of(arguments));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Result(process.waitFor(), output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
