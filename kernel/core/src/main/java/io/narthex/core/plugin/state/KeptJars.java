package io.narthex.core.plugin.state;

import io.narthex.core.plugin.jars.JarFiles;
import io.narthex.core.plugin.jars.JarInspector;
import io.narthex.core.plugin.jars.JarInspector.JarInfo;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.PluginException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jars that have run, for undo: {@code former/<id>/<version>-<digest>.jar}, in the order of
 * their file times. Used by one thread at a time, except for {@link #before} and {@link
 * #versionBefore}.
 */
public final class KeptJars {
  private static final Logger LOG = LoggerFactory.getLogger(KeptJars.class);
  private static final int MAX_KEPT = 10;

  private final Path kept;
  private final Path work;
  private final Clock clock;

  /** Cached listings of the folders, for readers; invalidated by changes. */
  private final Map<String, List<Path>> listed = new ConcurrentHashMap<>();

  /** Creates the folders and empties the work folder. */
  public KeptJars(Path state, Clock clock) {
    kept = state.resolve("former");
    work = state.resolve("work");
    this.clock = clock;
    try {
      Files.createDirectories(kept);
      Files.createDirectories(work);
      try (DirectoryStream<Path> left = Files.newDirectoryStream(work)) {
        for (Path file : left) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the folder for temporary files. */
  public Path work() {
    return work;
  }

  /** Returns the part of a digest that is used in file names. */
  public static String shortDigest(String sha256) {
    return sha256.length() < 12 ? "\u0000" : sha256.substring(0, 12);
  }

  /** Returns the name under which a jar is kept. */
  public static String fileName(JarInfo info) {
    return fileName(info.version(), info.sha256());
  }

  /** Returns the name under which a jar is kept. */
  public static String fileName(String version, String sha256) {
    return version + "-" + shortDigest(sha256) + ".jar";
  }

  /** Returns whether a jar has run and is kept. */
  public boolean keeps(String id, String sha256) {
    return newestFirst(id).stream().anyMatch(p -> JarFiles.name(p).contains(shortDigest(sha256)));
  }

  /** Returns the version in the name of a kept jar. */
  public static String versionOf(Path jar) {
    return JarFiles.name(jar).replaceFirst("-[0-9a-f]{12}\\.jar$", "");
  }

  /**
   * Returns a kept jar by its file name; it may not exist.
   *
   * @throws PluginException when the name leads out of the folder
   */
  public Path named(String id, String fileName) {
    Path folder = kept.resolve(id).normalize();
    Path jar = folder.resolve(fileName).normalize();
    if (!folder.startsWith(kept) || !folder.equals(jar.getParent())) {
      throw new PluginException(
          "the kept version \"" + fileName + "\" of " + id + " is outside of " + kept);
    }
    return jar;
  }

  /**
   * Inspects a kept jar before it runs; its content must match the digest in its name.
   *
   * @throws PluginException when it does not match
   */
  public static JarInfo inspectKept(Path jar) {
    JarInfo info = JarInspector.inspect(jar, JarFiles.name(jar));
    if (!JarFiles.name(jar).endsWith("-" + shortDigest(info.sha256()) + ".jar")) {
      throw new PluginException(
          "the kept jar "
              + JarFiles.name(jar)
              + " has been changed: its digest is "
              + shortDigest(info.sha256())
              + "; delete it, or restore it");
    }
    return info;
  }

  /**
   * Copies a jar to the work folder, so that it cannot change while it is being installed.
   *
   * @param changing whether the file may have changed since it was inspected
   */
  public Path copy(Path file, JarInfo info, boolean changing) {
    Path target = work.resolve(info.id() + "-" + shortDigest(info.sha256()) + ".jar");
    try {
      Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
      if (changing && !JarInspector.sha256(target).equals(info.sha256())) {
        throw new PluginException(
            PluginProblem.CHANGED,
            JarFiles.name(file) + ": has changed while it was inspected; copy it again");
      }
      return target;
    } catch (IOException e) {
      throw new PluginException(
          PluginProblem.SERVER,
          "a copy cannot be made in " + target.getParent() + ": " + e.getMessage());
    }
  }

  /**
   * Inspects a copy of a jar that may be replaced at any moment, so that all results are of the
   * same content.
   */
  public JarInfo inspectCopy(Path file, String fileName) {
    Path copy = null;
    try {
      copy = Files.createTempFile(work, "look", ".jar");
      Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
      return JarInspector.inspect(copy, fileName);
    } catch (IOException e) {
      throw new PluginException(
          PluginProblem.SERVER, fileName + ": cannot be copied: " + e.getMessage());
    } finally {
      if (copy != null) {
        delete(copy);
      }
    }
  }

  public static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      LOG.warn("plugins: {} cannot be deleted: {}", file, e.toString());
    }
  }

  /** Keeps a jar that runs, so that undo works after its file has been replaced. */
  public void keep(Path jar, JarInfo info) {
    Path folder = kept.resolve(info.id());
    Path target = folder.resolve(fileName(info));
    try {
      Files.createDirectories(folder);
      if (!Files.exists(target)) {
        Files.move(jar, target, StandardCopyOption.ATOMIC_MOVE);
      }
      // never earlier than what was kept before, even if the clock went back
      List<Path> before = newestFirst(info.id());
      long newest = before.isEmpty() ? 0 : Files.getLastModifiedTime(before.get(0)).toMillis() + 1;
      Files.setLastModifiedTime(target, FileTime.fromMillis(Math.max(clock.millis(), newest)));
      List<Path> all = newestFirst(info.id());
      for (int i = MAX_KEPT; i < all.size(); i++) {
        Files.deleteIfExists(all.get(i));
      }
    } catch (IOException e) {
      LOG.warn(
          "plugins: {} {} cannot be kept for undo: {}", info.id(), info.version(), e.toString());
    } finally {
      listed.remove(info.id());
    }
  }

  /** Returns the kept jars of a plugin, newest first. */
  private List<Path> newestFirst(String id) {
    List<Path> all = JarFiles.in(kept.resolve(id));
    all.sort(
        Comparator.comparingLong(
                (Path p) -> {
                  try {
                    return Files.getLastModifiedTime(p).toMillis();
                  } catch (IOException e) {
                    return 0;
                  }
                })
            .reversed());
    return all;
  }

  /** Returns the versions of the kept jars of a plugin, newest first. */
  public List<String> versions(String id) {
    return newestFirst(id).stream().map(KeptJars::versionOf).toList();
  }

  /** Deletes the kept jars of a plugin. */
  public void forget(String id) throws IOException {
    for (Path jar : newestFirst(id)) {
      Files.deleteIfExists(jar);
    }
    Files.deleteIfExists(kept.resolve(id));
    listed.remove(id);
  }

  /** Returns whether a jar is the newest that is kept. */
  public boolean isNewest(JarInfo info) {
    List<Path> all = newestFirst(info.id());
    return !all.isEmpty() && JarFiles.name(all.get(0)).contains(shortDigest(info.sha256()));
  }

  /**
   * Returns the version that ran before the one with this digest, or null. Lists the folder once
   * per change, as this is called often.
   */
  public @Nullable String versionBefore(String id, String sha256) {
    Path jar = before(listed.computeIfAbsent(id, this::newestFirst), sha256);
    return jar == null ? null : versionOf(jar);
  }

  /** Returns the kept jar that ran before the one with this digest, or null. */
  public @Nullable Path before(String id, String sha256) {
    return before(newestFirst(id), sha256);
  }

  private static @Nullable Path before(List<Path> all, String sha256) {
    int now = 0;
    while (now < all.size() && !JarFiles.name(all.get(now)).contains(shortDigest(sha256))) {
      now++;
    }
    int target = now == all.size() ? 0 : now + 1;
    return target < all.size() ? all.get(target) : null;
  }
}
