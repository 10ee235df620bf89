package io.narthex.core.plugin.state;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds plugins that may have ended the process. A user's jar is marked in a file before it is
 * started; the mark is removed when it has run for {@link #settled}, or stops while the process
 * lives. What the next process finds marked was running when the previous one died.
 *
 * <p><b>Whom to blame.</b> One jar for each death, in this order: the one that was caught calling
 * {@code System.exit}; the one that was being started or opened; the newest of those that have
 * never run for {@link #settled} nor stopped cleanly. A jar that has is not blamed for a silent
 * death: power may have failed, or a user sent KILL.
 *
 * <p>The file is written without fsync: it has to survive the process, not the machine.
 * Thread-safe.
 */
public final class Deaths {
  private static final Logger LOG = LoggerFactory.getLogger(Deaths.class);
  static final Duration SETTLED = Duration.ofSeconds(30);
  private static final int TOO_MANY = 2;
  private static final int MAX_PROVEN = 10;

  private static final String SHA = ".sha256";
  private static final String SINCE = ".since";
  private static final String PHASE = ".phase";
  private static final String DEATHS = ".deaths"; // "<digest> <how many in a row> <how>"
  private static final String PROVEN = ".proven"; // digests
  private static final String PROCESS = "process";
  private static final String STARTING = "starting";
  private static final String RUNNING = "running";

  private final Path file;
  private final Clock clock;
  private final Duration settled;
  private final StoredProperties properties; // guarded by this
  private final Map<String, Long> settlesAt = new HashMap<>(); // nanoTime; guarded by this
  private final boolean ours; // no other live process uses the file

  public Deaths(Path file, Clock clock) {
    this(file, clock, SETTLED);
  }

  /** Reads what the previous process left, and decides whom to blame. */
  public Deaths(Path file, Clock clock, Duration settled) {
    this.file = file;
    this.clock = clock;
    this.settled = settled;
    properties = new StoredProperties(file);
    ours = !isAlive(properties.text(PROCESS));
    if (ours) {
      blame();
      store();
    }
  }

  private record Suspect(String id, String sha256, String since, String phase) {}

  private List<Suspect> marked() {
    List<Suspect> out = new ArrayList<>();
    for (String name : properties.names()) {
      if (name.endsWith(SHA)) {
        String id = name.substring(0, name.length() - SHA.length());
        out.add(
            new Suspect(
                id,
                properties.text(name),
                properties.text(id + SINCE),
                properties.text(id + PHASE)));
      }
    }
    return out;
  }

  private void blame() {
    List<Suspect> marked = marked();
    Suspect guilty = null;
    for (Suspect s : marked) {
      if (rank(s) > 0 && (guilty == null || rank(s) > rank(guilty) || sameButNewer(s, guilty))) {
        guilty = s;
      }
      properties.set(s.id() + SHA, "");
      properties.set(s.id() + SINCE, "");
      properties.set(s.id() + PHASE, "");
    }
    properties.set(PROCESS, "");
    if (guilty == null) {
      return;
    }
    String how =
        switch (guilty.phase()) {
          case STARTING -> "while it was being started";
          case RUNNING -> "soon after it was started";
          default -> guilty.phase();
        };
    int deaths = deathsOf(guilty.id(), guilty.sha256()) + 1;
    properties.set(guilty.id() + DEATHS, guilty.sha256() + " " + deaths + " " + how);
    LOG.warn("plugin {}: the server ended {}; {} in a row", guilty.id(), how, deaths);
  }

  private static boolean sameButNewer(Suspect s, Suspect other) {
    return s.since().compareTo(other.since()) > 0 && s.phase().equals(other.phase());
  }

  /** Returns the rank of a suspect by likelihood; 0: not a suspect. */
  private int rank(Suspect s) {
    return switch (s.phase()) {
      case STARTING -> 2;
      case RUNNING -> properties.text(s.id() + PROVEN).contains(s.sha256()) ? 0 : 1;
      default -> 3; // caught
    };
  }

  private int deathsOf(String id, String sha256) {
    String[] parts = properties.text(id + DEATHS).split(" ", 3);
    return parts.length == 3 && parts[0].equals(sha256) ? Integer.parseInt(parts[1]) : 0;
  }

  /** Returns why a jar that ended the process too often must not be started again, or null. */
  public synchronized @Nullable String tooMany(String id, String sha256, String version) {
    int deaths = deathsOf(id, sha256);
    return deaths < TOO_MANY
        ? null
        : version
            + " ended the server "
            + deaths
            + " times in a row, last "
            + properties.text(id + DEATHS).split(" ", 3)[2];
  }

  /** Called before a jar is started. */
  public synchronized void starting(String id, String sha256) {
    properties.set(PROCESS, process(ProcessHandle.current()));
    properties.set(id + SHA, sha256);
    properties.set(id + SINCE, String.format(java.util.Locale.ROOT, "%020d", clock.millis()));
    properties.set(id + PHASE, STARTING);
    settlesAt.remove(id);
    store();
  }

  /** Called when it has been started and opened. */
  public synchronized void started(String id) {
    if (properties.get(id + SHA) != null) {
      properties.set(id + PHASE, RUNNING);
      settlesAt.put(id, System.nanoTime() + settled.toNanos());
      store();
    }
  }

  /** Called when it stops or did not start, while the process lives. */
  public synchronized void over(String id) {
    if (properties.get(id + SHA) != null) {
      forget(id, settlesAt.containsKey(id));
      store();
    }
  }

  /** Removes the marks of those that have run long enough. */
  public synchronized void settle(long nowNanos) {
    List<String> lived = new ArrayList<>();
    settlesAt.forEach((id, at) -> {
      if (nowNanos - at >= 0) {
        lived.add(id);
      }
    });
    if (!lived.isEmpty()) {
      lived.forEach(id -> forget(id, true));
      store();
    }
  }

  /** Called when the process stops cleanly. */
  public synchronized void cleanStop() {
    List.copyOf(settlesAt.keySet()).forEach(id -> forget(id, true));
    marked().forEach(s -> forget(s.id(), false));
    properties.set(PROCESS, "");
    store();
  }

  /** Called while the process ends, for the plugin that ended it. */
  public synchronized void caught(String id, String version, String place) {
    String sha256 = properties.text(id + SHA);
    if (sha256.isEmpty()) {
      return; // it has run for long, so it gets another chance
    }
    properties.set(id + PHASE, "by System.exit, called at " + place);
    store();
    LOG.error("plugin {} {} ended the server by System.exit, called at {}", id, version, place);
  }

  private void forget(String id, boolean lived) {
    String sha256 = properties.text(id + SHA);
    properties.set(id + SHA, "");
    properties.set(id + SINCE, "");
    properties.set(id + PHASE, "");
    settlesAt.remove(id);
    if (lived) {
      properties.set(id + DEATHS, "");
      String proven = properties.text(id + PROVEN);
      if (!proven.contains(sha256)) {
        String[] all = (sha256 + " " + proven).strip().split(" ", -1);
        properties.set(
            id + PROVEN,
            String.join(" ", List.of(all).subList(0, Math.min(all.length, MAX_PROVEN))));
      }
    }
  }

  /** Lets a jar start again at the user's request, although it has ended the process. */
  public synchronized void free(String id) {
    if (properties.set(id + DEATHS, "")) {
      store();
    }
  }

  private void store() {
    if (!ours) {
      return;
    }
    try {
      properties.store();
    } catch (UncheckedIOException e) {
      LOG.warn(
          "plugins: {} cannot be written, so a plugin that ends the server is not noticed: {}",
          file,
          String.valueOf(e.getCause()));
    }
  }

  private static String process(ProcessHandle process) {
    return process.pid()
        + " "
        + process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  /** Returns whether another process is alive; its start time is compared, as pids are reused. */
  private static boolean isAlive(String process) {
    String pid = process.split(" ", 2)[0];
    if (!pid.matches("[0-9]{1,18}") || Long.parseLong(pid) == ProcessHandle.current().pid()) {
      return false;
    }
    Optional<ProcessHandle> found = ProcessHandle.of(Long.parseLong(pid));
    return found.isPresent() && process(found.get()).equals(process);
  }
}
