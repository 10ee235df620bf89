package io.narthex.discovery.file;

import io.narthex.model.TargetGroup;
import io.narthex.model.go.GoGlob;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.TargetSink;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Checks the files twice a second, which works on every file system and through symbolic links, and
 * reads those that have changed. A file that cannot be read keeps its previous targets.
 */
final class FileDiscovery implements Discovery {
  private static final long CHECK_MS = 500;

  /** What differs when a file has changed. */
  private record Stamp(long modifiedNanos, long size, Object key) {}

  private final List<String> patterns;
  private final long refreshNanos;

  FileDiscovery(FileConfig config) {
    patterns = List.copyOf(config.files());
    refreshNanos = config.refreshInterval().toNanos();
  }

  @Override
  public void run(TargetSink sink) throws InterruptedException {
    Map<Path, Stamp> stamps = new HashMap<>();
    Map<Path, List<TargetGroup>> known = new HashMap<>();
    boolean first = true;
    long readAll = System.nanoTime();
    while (true) {
      boolean all = System.nanoTime() - readAll >= refreshNanos;
      if (all) {
        readAll = System.nanoTime();
      }
      List<TargetGroup> changed = check(sink, stamps, known, all);
      if (first || !changed.isEmpty()) {
        sink.update(changed);
        first = false;
      }
      Thread.sleep(CHECK_MS);
    }
  }

  /** Fails only when there are files and none can be read: a run publishes those that can. */
  @Override
  public Optional<List<TargetGroup>> probe() throws IOException {
    List<TargetGroup> groups = new ArrayList<>();
    IOException failure = null;
    boolean read = false;
    for (Path file : files()) {
      try {
        groups.addAll(TargetFile.read(file));
        read = true;
      } catch (IOException e) {
        failure = e;
      }
    }
    if (!read && failure != null) {
      throw failure;
    }
    return Optional.of(groups);
  }

  /** Reads new and changed files and returns the groups that have changed. */
  private List<TargetGroup> check(
      TargetSink sink, Map<Path, Stamp> stamps, Map<Path, List<TargetGroup>> known, boolean all) {
    List<TargetGroup> changed = new ArrayList<>();
    Set<Path> present;
    try {
      present = files();
    } catch (IOException e) {
      sink.refreshFailed(String.valueOf(e.getMessage()));
      return changed;
    }
    for (Path file : present) {
      Stamp stamp = stamp(file);
      if (stamp == null || (!all && stamp.equals(stamps.get(file)))) {
        continue;
      }
      stamps.put(file, stamp);
      try {
        List<TargetGroup> groups = TargetFile.read(file);
        difference(known.getOrDefault(file, List.of()), groups, changed);
        known.put(file, groups);
      } catch (IOException e) {
        sink.refreshFailed(String.valueOf(e.getMessage()));
      }
    }
    known
        .entrySet()
        .removeIf(e -> {
          boolean gone = !present.contains(e.getKey());
          if (gone) {
            difference(e.getValue(), List.of(), changed);
            stamps.remove(e.getKey());
          }
          return gone;
        });
    stamps.keySet().retainAll(present);
    return changed;
  }

  private static void difference(
      List<TargetGroup> before, List<TargetGroup> now, List<TargetGroup> changed) {
    Set<String> sources = new HashSet<>();
    for (TargetGroup g : now) {
      sources.add(g.source());
      if (!before.contains(g)) {
        changed.add(g);
      }
    }
    for (TargetGroup g : before) {
      if (!sources.contains(g.source())) {
        changed.add(new TargetGroup(g.source(), Map.of(), List.of()));
      }
    }
  }

  private static @org.jspecify.annotations.Nullable Stamp stamp(Path file) {
    try {
      BasicFileAttributes a = Files.readAttributes(file, BasicFileAttributes.class);
      Object key = a.fileKey();
      return new Stamp(
          a.lastModifiedTime().to(java.util.concurrent.TimeUnit.NANOSECONDS),
          a.size(),
          key == null ? "" : key);
    } catch (IOException _) {
      return null; // deleted in the meantime
    }
  }

  /** Returns the files that the patterns name, in order. */
  private Set<Path> files() throws IOException {
    Set<Path> all = new TreeSet<>();
    for (String pattern : patterns) {
      for (Path file : GoGlob.expand(Path.of(""), pattern)) {
        if (Files.isRegularFile(file) || !GoGlob.isPattern(pattern)) {
          all.add(file);
        }
      }
    }
    return all;
  }
}
