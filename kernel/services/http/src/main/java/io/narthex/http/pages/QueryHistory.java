package io.narthex.http.pages;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The queries that each user has run and starred, a file a user. Format: {@code
 * distribution/docs/formats/history.md}.
 *
 * <p>Changes are written at most once in 5 s, and at the end; a crash loses those of the last 5 s.
 * Of a user the least recent queries without a star go first, of all users the one who has been
 * away longest. Thread-safe.
 */
public final class QueryHistory implements AutoCloseable {
  /** The most queries of a user. */
  public static final int MAX_QUERIES = 500;

  /** The most bytes of a query. */
  public static final int MAX_QUERY_BYTES = 16 << 10;

  static final int MAX_USERS = 1000;
  static final int MAX_USER_BYTES = 256 << 10;
  private static final int MAX_LOADED = 32;
  private static final int MAX_FILE_BYTES = 4 << 20;
  private static final Duration PAUSE = Duration.ofSeconds(5);
  private static final String SUFFIX = ".json";
  private static final Logger LOG = LoggerFactory.getLogger(QueryHistory.class);
  private static final JsonMapper JSON =
      new JsonMapper(
          JsonFactory.builder()
              .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(10).build())
              .build());

  /**
   * A query of a user.
   *
   * @param lastMs when it was run last, epoch milliseconds
   * @param count how often it was run
   */
  public record Entry(String query, long lastMs, long count, boolean starred) {
    private int bytes() {
      return query.getBytes(StandardCharsets.UTF_8).length;
    }
  }

  /** The queries of a user, the least recent first. */
  private static final class User {
    final Map<String, Entry> queries = new LinkedHashMap<>();
    long bytes;
    boolean changed;

    void put(Entry e) {
      remove(e.query());
      queries.put(e.query(), e);
      bytes += e.bytes();
    }

    boolean remove(String query) {
      Entry before = queries.remove(query);
      if (before != null) {
        bytes -= before.bytes();
      }
      return before != null;
    }

    /** Removes the least recent queries until the limits are kept; {@code kept} stays. */
    void shrink(String kept) {
      for (boolean starred : new boolean[] {false, true}) {
        Iterator<Entry> i = queries.values().iterator();
        while (i.hasNext() && (queries.size() > MAX_QUERIES || bytes > MAX_USER_BYTES)) {
          Entry e = i.next();
          if (e.starred() == starred && !e.query().equals(kept)) {
            bytes -= e.bytes();
            i.remove();
          }
        }
      }
    }
  }

  private final Path folder;
  private final Clock clock;
  private final Duration pause;
  private final LinkedHashMap<String, User> users = new LinkedHashMap<>(16, 0.75f, true);
  private @Nullable Thread writer;
  private boolean closed;

  /**
   * Creates one; files are read when their user is asked for.
   *
   * @param folder created with the first file
   */
  public QueryHistory(Path folder, Clock clock) {
    this(folder, clock, PAUSE);
  }

  QueryHistory(Path folder, Clock clock, Duration pause) {
    this.folder = folder;
    this.clock = clock;
    this.pause = pause;
  }

  /** Returns the queries of a user, the newest first. */
  public synchronized List<Entry> list(String user, int limit) {
    List<Entry> all = new ArrayList<>(user(user).queries.values());
    return all.reversed().stream().limit(limit).toList();
  }

  /**
   * Adds a query that was run, or counts it up.
   *
   * @throws Refused when it is too long or empty
   */
  public synchronized void ran(String user, String query) throws Refused {
    check(query);
    Entry before = user(user).queries.get(query);
    change(
        user,
        before == null
            ? new Entry(query, clock.millis(), 1, false)
            : new Entry(query, clock.millis(), before.count() + 1, before.starred()));
  }

  /**
   * Gives a query a star or takes it away; a query that is not there is added without being
   * counted.
   *
   * @throws Refused when it is too long or empty
   */
  public synchronized void star(String user, String query, boolean starred) throws Refused {
    check(query);
    Entry before = user(user).queries.get(query);
    if (before == null) {
      change(user, new Entry(query, clock.millis(), 0, starred));
    } else {
      User of = user(user);
      of.queries.put(query, new Entry(query, before.lastMs(), before.count(), starred));
      changed(of);
    }
  }

  private static void check(String query) throws Refused {
    if (query.isBlank()) {
      throw new Refused(400, "query: must not be empty; give the text of the query");
    }
    int bytes = query.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_QUERY_BYTES) {
      throw new Refused(413, "query: has at most " + MAX_QUERY_BYTES + " bytes, got " + bytes);
    }
  }

  private void change(String user, Entry entry) {
    User of = user(user);
    of.put(entry);
    of.shrink(entry.query());
    changed(of);
  }

  /** Removes a query of a user; returns whether it was there. */
  public synchronized boolean remove(String user, String query) {
    User of = user(user);
    boolean was = of.remove(query);
    if (was) {
      changed(of);
    }
    return was;
  }

  /** Removes all queries of a user. */
  public synchronized void clear(String user) {
    User of = user(user);
    of.queries.clear();
    of.bytes = 0;
    changed(of);
  }

  // --- files

  private void changed(User user) {
    user.changed = true;
    if (closed) {
      flush(); // a request that outlived the end
    } else if (writer == null) {
      writer = Thread.ofVirtual().name("query-history").start(this::writeLater);
    }
  }

  private void writeLater() {
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      return; // close() writes
    }
    synchronized (this) {
      if (!closed) {
        writer = null;
        flush();
      }
    }
  }

  /** Returns a user's queries, read from the file when they are not in memory. */
  private User user(String name) {
    User loaded = users.get(name);
    if (loaded != null) {
      return loaded;
    }
    User read = read(name);
    users.put(name, read);
    if (users.size() > MAX_LOADED) {
      Map.Entry<String, User> eldest = users.entrySet().iterator().next();
      if (eldest.getValue().changed) {
        write(eldest.getKey(), eldest.getValue());
      }
      users.remove(eldest.getKey());
    }
    return read;
  }

  private Path file(String user) {
    return folder.resolve(DashboardDocument.sha256(user).substring(0, 32) + SUFFIX);
  }

  private User read(String name) {
    User user = new User();
    Path file = file(name);
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
      if (bytes.length > MAX_FILE_BYTES) {
        throw new IOException("has more than " + MAX_FILE_BYTES + " bytes");
      }
      JsonNode root = JSON.readTree(bytes);
      if (root.path("version").asInt() != 1) {
        throw new IOException("version must be 1, got " + root.path("version"));
      }
      for (JsonNode q : root.path("queries")) {
        if (q.path("query").asText().isBlank()) {
          continue;
        }
        user.put(
            new Entry(
                q.path("query").asText(),
                q.path("lastMs").asLong(),
                q.path("count").asLong(),
                q.path("starred").asBoolean()));
      }
      user.shrink("");
    } catch (NoSuchFileException _) {
      // nothing yet
    } catch (IOException e) {
      LOG.warn(
          "{}: the history of a user cannot be read: {}; it starts again empty",
          file,
          StateFile.reason(e).lines().findFirst().orElse(""));
      setAside(file);
    }
    return user;
  }

  private static void setAside(Path file) {
    try {
      Files.move(
          file,
          file.resolveSibling(file.getFileName() + ".damaged"),
          java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      LOG.warn("{}: cannot be set aside: {}", file, StateFile.reason(e));
    }
  }

  private void flush() {
    users.forEach((name, user) -> {
      if (user.changed) {
        write(name, user);
      }
    });
  }

  private void write(String name, User user) {
    ObjectNode root = JSON.createObjectNode().put("version", 1).put("user", name);
    ArrayNode list = root.putArray("queries");
    for (Entry e : user.queries.values()) {
      list.addObject()
          .put("query", e.query())
          .put("lastMs", e.lastMs())
          .put("count", e.count())
          .put("starred", e.starred());
    }
    user.changed = false;
    Path file = file(name);
    try {
      if (user.queries.isEmpty()) {
        Files.deleteIfExists(file);
        return;
      }
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
      boolean isNew = !Files.exists(file);
      StateFile.replace(file, JSON.writeValueAsBytes(root));
      if (isNew) {
        forgetUsers(file);
      }
    } catch (IOException e) {
      LOG.warn("{}: the history of a user cannot be written: {}", file, StateFile.reason(e));
    }
  }

  /** Removes the files that were not written for longest while there are too many. */
  private void forgetUsers(Path written) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.filter(f -> f.toString().endsWith(SUFFIX)).toList();
    }
    if (files.size() <= MAX_USERS) {
      return;
    }
    record Age(Path file, long ms) {}
    List<Age> ages = new ArrayList<>();
    for (Path file : files) {
      if (!file.equals(written)) {
        ages.add(new Age(file, Files.getLastModifiedTime(file).toMillis()));
      }
    }
    ages.sort(Comparator.comparingLong(Age::ms));
    for (Age age : ages.subList(0, files.size() - MAX_USERS)) {
      Files.deleteIfExists(age.file());
    }
  }

  /** Writes what has changed; later changes are written at once. */
  @Override
  public void close() {
    Thread waiting;
    synchronized (this) {
      closed = true;
      waiting = writer;
      writer = null;
      flush();
    }
    if (waiting != null) {
      waiting.interrupt();
      try {
        waiting.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
