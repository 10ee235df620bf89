package io.narthex.bench.torture;

import io.narthex.bench.torture.ServerUnderTest.PluginState;
import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Replaces plugins of the running server, cycle by cycle: by moving a jar over the previous one, by
 * deleting it and slowly copying the next in its place, and by uploading.
 */
final class UpdateCycles {
  private static final long PATIENCE_NANOS = 60_000_000_000L;
  private static final long POLL_MS = 40;
  private static final int PIECES = 3;
  private static final long PIECE_PAUSE_MS = 30;
  private static final long ABSENCE_MS = 300; // longer than the interval of folder scans

  private enum Way {
    MOVE,
    DELETE_AND_COPY,
    UPLOAD
  }

  private final ServerUnderTest server;
  private final Path dropFolder;
  private final List<RepackedJar> plugins;
  private final Map<String, Long> others = new TreeMap<>(); // start times by id
  private final Set<String> restarted = new TreeSet<>();
  private final Map<String, Integer> updates = new TreeMap<>(); // by id

  /** Notes the start times of all plugins that are not to be updated. */
  UpdateCycles(ServerUnderTest server, Path dropFolder, List<RepackedJar> plugins)
      throws IOException, InterruptedException {
    this.server = server;
    this.dropFolder = dropFolder;
    this.plugins = plugins;
    server
        .plugins()
        .forEach((id, state) -> {
          if (plugins.stream().noneMatch(p -> p.id().equals(id))) {
            others.put(id, state.startedMs());
          }
        });
  }

  /**
   * Updates each plugin once and waits until all new versions run and show their marks.
   *
   * @param cycle counts from 1
   * @throws IOException when one does not run in time
   */
  void run(int cycle) throws IOException, InterruptedException {
    Map<String, String> wanted = new LinkedHashMap<>();
    List<RepackedJar> uploads = new ArrayList<>();
    for (int i = 0; i < plugins.size(); i++) {
      RepackedJar plugin = plugins.get((i + cycle) % plugins.size());
      wanted.put(plugin.id(), plugin.version(cycle));
      Way way = Way.values()[(plugins.indexOf(plugin) + cycle) % Way.values().length];
      switch (way) {
        case MOVE -> move(plugin, cycle);
        case DELETE_AND_COPY -> copySlowly(plugin, cycle);
        case UPLOAD -> uploads.add(plugin);
      }
    }
    for (RepackedJar plugin : uploads) {
      HttpResponse<String> answer = server.upload(plugin.fileName(), plugin.bytes(cycle));
      if (answer.statusCode() != 200) {
        throw new IOException(
            "cycle " + cycle + ": upload of " + plugin.id() + ": " + answer.body().strip());
      }
    }
    await(cycle, wanted);
    for (RepackedJar plugin : plugins) {
      plugin.mark().await(cycle);
    }
    wanted.keySet().forEach(id -> updates.merge(id, 1, Integer::sum));
  }

  private void move(RepackedJar plugin, int cycle) throws IOException {
    Path hidden = dropFolder.resolve("." + plugin.fileName() + ".part");
    Files.write(hidden, plugin.bytes(cycle));
    Files.move(
        hidden,
        dropFolder.resolve(plugin.fileName()),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private void copySlowly(RepackedJar plugin, int cycle) throws IOException, InterruptedException {
    byte[] bytes = plugin.bytes(cycle);
    Path file = dropFolder.resolve(plugin.fileName());
    Files.deleteIfExists(file);
    Thread.sleep(ABSENCE_MS);
    try (OutputStream out = Files.newOutputStream(file)) {
      for (int piece = 0; piece < PIECES; piece++) {
        int from = (int) ((long) bytes.length * piece / PIECES);
        out.write(bytes, from, (int) ((long) bytes.length * (piece + 1) / PIECES) - from);
        out.flush();
        Thread.sleep(PIECE_PAUSE_MS);
      }
    }
  }

  private void await(int cycle, Map<String, String> wanted)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      Map<String, PluginState> now = server.plugins();
      look(now);
      List<String> missing = new ArrayList<>();
      wanted.forEach((id, version) -> {
        PluginState state = now.get(id);
        if (state == null || !state.version().equals(version) || !state.state().equals("running")) {
          missing.add(id + " " + version + ", which is " + state);
        }
      });
      if (missing.isEmpty()) {
        return;
      }
      if (System.nanoTime() - deadline > 0) {
        throw new IOException("cycle " + cycle + ": does not run: " + String.join("; ", missing));
      }
      Thread.sleep(POLL_MS);
    }
  }

  /** Compares the start times of the others with those of the beginning. */
  void look(Map<String, PluginState> now) {
    others.forEach((id, started) -> {
      PluginState state = now.get(id);
      if (state == null || state.startedMs() != started) {
        restarted.add(id);
      }
    });
  }

  /** Returns how many plugins and bundles are not updated. */
  int others() {
    return others.size();
  }

  /** Returns those of them that were restarted or are missing. */
  Set<String> restarted() {
    return restarted;
  }

  /** Returns how often each plugin has been updated. */
  Map<String, Integer> updates() {
    return updates;
  }
}
