package io.narthex.launch;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The bundles of the server that an admin has updated: {@code narthex/plugins/kernel.properties} in
 * the data folder names a jar for {@code <id>.jar} and, as {@code <id>.instead-of}, the digest of
 * the shipped jar that it replaces. It replaces no other, so that a new distribution runs its own
 * bundles. An update with which the server did not start does not run again.
 */
final class UpdatedKernel {
  /** An update: its jar as named in the file, and the path of that. */
  private record Update(String id, String jar, Path path) {}

  private final Map<String, Update> byDigest = new HashMap<>(); // of the shipped jar
  private final Map<String, String> used = new TreeMap<>(); // id to jar, in this start
  private final @Nullable UpdateTrial trial; // null: there are no updates

  /** Reads the updates in the data folder that the arguments name. */
  UpdatedKernel(String[] args) {
    Path file = dataFolder(args).resolve("narthex").resolve("plugins").resolve("kernel.properties");
    Path folder = file.getParent();
    if (folder == null || !Files.isRegularFile(file)) {
      trial = null;
      return;
    }
    trial = new UpdateTrial(folder);
    Properties properties = new Properties();
    try (Reader in = Files.newBufferedReader(file)) {
      properties.load(in);
    } catch (IOException | IllegalArgumentException e) {
      System.err.println(file + ": cannot be read, the shipped bundles run: " + e.getMessage());
      return;
    }
    for (String key : properties.stringPropertyNames()) {
      if (key.endsWith(".jar")) {
        String id = key.substring(0, key.length() - ".jar".length());
        String jar = properties.getProperty(key);
        Path path = folder.resolve(jar).toAbsolutePath().normalize();
        if (!isKept(folder, path)) {
          System.err.println(
              file
                  + ": "
                  + jar
                  + " is not run: it is not the jar that was kept, or is in another folder; the shipped"
                  + " bundle runs");
        } else if (!trial.hasFailed(id, jar)) {
          byDigest.put(properties.getProperty(id + ".instead-of", ""), new Update(id, jar, path));
        }
      }
    }
  }

  /** Returns whether a jar is among the kept ones and matches the digest in its name. */
  private static boolean isKept(Path folder, Path jar) {
    if (!jar.startsWith(folder.resolve("former").toAbsolutePath().normalize())) {
      return false;
    }
    try {
      String digest = sha256(jar).substring(0, 12);
      return String.valueOf(jar.getFileName()).endsWith("-" + digest + ".jar");
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns the value of {@code --storage.tsdb.path}, also from a file of arguments. */
  static Path dataFolder(String[] args) {
    List<String> all = new ArrayList<>();
    for (String arg : args) {
      if (arg.startsWith("@") && arg.length() > 1) {
        try {
          Files.readAllLines(Path.of(arg.substring(1))).forEach(l -> all.add(l.strip()));
        } catch (IOException e) {
          continue; // the kernel reports it when it reads the flags
        }
      } else {
        all.add(arg);
      }
    }
    String flag = "--storage.tsdb.path";
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).startsWith(flag + "=")) {
        return Path.of(all.get(i).substring(flag.length() + 1));
      }
      if (all.get(i).equals(flag) && i + 1 < all.size()) {
        return Path.of(all.get(i + 1));
      }
    }
    return Path.of("data/");
  }

  /** Returns the jar to run for a shipped one: its update, or the shipped one itself. */
  Path insteadOf(Path shipped) {
    if (byDigest.isEmpty()) {
      return shipped;
    }
    try {
      Update update = byDigest.get(sha256(shipped));
      if (update == null) {
        return shipped;
      }
      used.put(update.id(), update.jar());
      return update.path();
    } catch (IOException e) {
      return shipped; // its installation says what is wrong with it
    }
  }

  /** Returns the symbolic name of an update. */
  String idOf(Path update) {
    return byDigest.values().stream()
        .filter(u -> u.path().equals(update))
        .map(Update::id)
        .findFirst()
        .orElse("");
  }

  /** Returns whether updates run. */
  boolean inUse() {
    return !used.isEmpty();
  }

  /**
   * Excludes updates from this start and the next ones: those with a problem, or all when only
   * other bundles have one.
   *
   * @param problems by symbolic name, at least one
   */
  void giveUp(Map<String, String> problems) {
    Map<String, String> reasons = new TreeMap<>(problems);
    reasons.keySet().retainAll(used.keySet());
    if (reasons.isEmpty()) {
      String all = String.join("; ", problems.values());
      used.keySet().forEach(id -> reasons.put(id, all));
    }
    reasons.forEach((id, reason) -> {
      if (trial != null) {
        trial.fail(id, used.getOrDefault(id, ""), reason);
      }
      byDigest.values().removeIf(u -> u.id().equals(id));
    });
    used.clear();
  }

  /** Called before the bundles are started. */
  void startBegins() {
    if (trial != null) {
      trial.begin(used);
    }
  }

  /** Called when the server ends on request, or has reported why it cannot continue. */
  void endedWithReason() {
    if (trial != null) {
      trial.end();
    }
  }

  private static String sha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[1 << 16];
      for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
