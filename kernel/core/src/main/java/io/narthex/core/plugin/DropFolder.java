package io.narthex.core.plugin;

import io.narthex.core.plugin.jars.JarFiles;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Detects new, changed and removed jars in a folder. A file counts only when it is complete: its
 * size and time have not changed for a while and it ends as a zip file does. A file that stays
 * incomplete for {@link #GIVE_UP_NANOS} is reported as broken, once per state of the file. A file
 * that vanishes counts as removed after a grace period, because many tools replace a file by
 * deleting it first.
 */
final class DropFolder {
  private static final long GIVE_UP_NANOS = 5_000_000_000L;
  private static final long NO_FILE = -2; // size of what is not a regular file

  /** What happened in the folder. */
  interface Listener {
    /** A complete file has appeared or changed. */
    void arrived(Path file);

    /** A file has vanished; it may come back. */
    void missing(Path file);

    /** A file has been missing for the grace period. */
    void gone(Path file);

    /** A file no longer changes and is not a complete jar. */
    void broken(Path file, String reason);

    /** A file is still being written. */
    void copying(Path file);
  }

  private static final class Seen {
    long size = -1;
    long modified = -1;
    @Nullable Object key; // identity of the file, as another may take its name
    long since;
    boolean handled;
    long missingSince; // 0: it exists
  }

  private static final Logger LOG = LoggerFactory.getLogger(DropFolder.class);

  private final Path folder;
  private final Listener listener;
  private final long quietNanos;
  private final long graceNanos;
  private final Map<Path, Seen> files = new HashMap<>();
  private final Set<Path> misnamed = new HashSet<>(); // logged once

  /** Creates one that knows no files. */
  DropFolder(Path folder, FolderPace pace, Listener listener) {
    this.folder = folder;
    this.listener = listener;
    quietNanos = pace.quiet().toNanos();
    graceNanos = pace.grace().toNanos();
  }

  /** Records a file as already handled in its current state. */
  void known(Path file) {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      Seen seen = files.computeIfAbsent(file, f -> new Seen());
      seen.size = attributes.size();
      seen.modified = attributes.lastModifiedTime().toMillis();
      seen.key = attributes.fileKey();
      seen.handled = true;
    } catch (IOException e) {
      files.remove(file); // gone meanwhile, or seen by the next scan
    }
  }

  /** Scans the folder once. Called by one thread, several times a second. */
  void scan(long nowNanos) throws IOException {
    Map<Path, Boolean> present = new HashMap<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> jars = Files.newDirectoryStream(folder, "*.{jar,JAR,Jar}")) {
        for (Path file : jars) {
          if (JarFiles.isHidden(file)) {
            continue; // a copy that is being written, by rsync for example
          }
          if (!String.valueOf(file).endsWith(".jar")) {
            if (misnamed.add(file)) {
              LOG.warn("plugins: {} is ignored: the name must end in .jar", file);
            }
            continue;
          }
          present.put(file, true);
          try {
            scanFile(file, nowNanos);
          } catch (RuntimeException e) {
            LOG.error("plugins: {} could not be handled", file, e); // continue with the others
          }
        }
      }
    }
    for (Iterator<Map.Entry<Path, Seen>> it = files.entrySet().iterator(); it.hasNext(); ) {
      Map.Entry<Path, Seen> e = it.next();
      Seen seen = e.getValue();
      if (present.containsKey(e.getKey())) {
        continue;
      }
      if (seen.missingSince == 0) {
        seen.missingSince = nowNanos == 0 ? 1 : nowNanos;
        seen.size = -1; // a file that comes back is handled, whatever its size and time
        listener.missing(e.getKey());
      } else if (nowNanos - seen.missingSince >= graceNanos) {
        it.remove();
        listener.gone(e.getKey());
      }
    }
  }

  private void dangling(Path link) {
    Seen seen = files.computeIfAbsent(link, f -> new Seen());
    seen.missingSince = 0;
    if (!seen.handled || seen.size != NO_FILE) {
      seen.handled = true;
      seen.size = NO_FILE;
      listener.broken(link, "is a link to a file that does not exist");
    }
  }

  private static String kind(BasicFileAttributes attributes) {
    return attributes.isDirectory() ? "a folder" : "a pipe, device or socket";
  }

  private void scanFile(Path file, long now) {
    BasicFileAttributes attributes;
    try {
      attributes = Files.readAttributes(file, BasicFileAttributes.class);
    } catch (IOException e) {
      if (Files.isSymbolicLink(file)) {
        dangling(file);
      }
      return; // deleted since it was listed
    }
    Seen seen = files.computeIfAbsent(file, f -> new Seen());
    seen.missingSince = 0;
    if (!attributes.isRegularFile()) {
      if (!seen.handled || seen.size != NO_FILE) {
        seen.handled = true;
        seen.size = NO_FILE;
        listener.broken(
            file, "is not a regular file but " + kind(attributes) + "; put the jar itself here");
      }
      return; // opening a pipe would wait for a writer
    }
    long modified = attributes.lastModifiedTime().toMillis();
    if (seen.size != attributes.size()
        || seen.modified != modified
        || !Objects.equals(seen.key, attributes.fileKey())) {
      boolean first = seen.size < 0;
      seen.size = attributes.size();
      seen.key = attributes.fileKey();
      seen.modified = modified;
      seen.since = now;
      seen.handled = false;
      if (!first) {
        listener.copying(file);
      }
      return;
    }
    if (seen.handled || now - seen.since < quietNanos) {
      return;
    }
    try (ZipFile _ = new ZipFile(file.toFile())) {
      seen.handled = true;
    } catch (NoSuchFileException e) {
      return;
    } catch (ZipException e) {
      if (now - seen.since > GIVE_UP_NANOS) {
        seen.handled = true;
        listener.broken(file, "not a complete jar: " + e.getMessage() + "; copy it again");
      } else {
        listener.copying(file);
      }
      return;
    } catch (IOException e) {
      seen.handled = true;
      listener.broken(file, "cannot be read: " + e.getMessage());
      return;
    }
    listener.arrived(file);
  }
}
