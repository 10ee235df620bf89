package io.narthex.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The built UI is committed, so that a machine without node can pack it. {@code ui.sha256} lists
 * what the last build was made of and what came out; this test fails when either has changed since.
 */
class BuildFreshnessTest {
  private static final String REMEDY =
      "run `npm ci && npm run build` in kernel/services/web/ui (or mvn -Dui.build) and commit the result";

  @Test
  void theCommittedBuildIsMadeFromThePresentSources() throws IOException {
    Map<String, String> recorded = new TreeMap<>();
    for (String line : Files.readAllLines(Path.of("ui.sha256"))) {
      String[] parts = line.split("  ", 2);
      recorded.put(parts[1], parts[0]);
    }
    Map<String, String> present = new TreeMap<>();
    for (String file :
        new String[] {
          "ui/index.html",
          "ui/package.json",
          "ui/package-lock.json",
          "ui/tsconfig.json",
          "ui/scripts/build.mjs"
        }) {
      present.put(file, digest(Path.of(file)));
    }
    addTree(present, Path.of("ui/src"));
    addTree(present, Path.of("src/main/resources/web"));
    assertThat(present).as("files of the UI and of its build; %s", REMEDY).isEqualTo(recorded);
  }

  @Test
  void theLockFileNamesNoDownloadAddresses() throws IOException {
    assertThat(Files.readString(Path.of("ui/package-lock.json")))
        .as("npm needs omit-lockfile-registry-resolved, set in ui/.npmrc")
        .doesNotContain("\"resolved\"");
  }

  private static void addTree(Map<String, String> into, Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        into.put(file.toString().replace('\\', '/'), digest(file));
      }
    }
  }

  private static String digest(Path file) throws IOException {
    try {
      byte[] sum = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
      return HexFormat.of().formatHex(sum);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
