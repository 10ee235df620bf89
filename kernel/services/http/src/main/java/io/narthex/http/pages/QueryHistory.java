package io.narthex.http.pages;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.narthex.http.store.Refused;
import io.narthex.http.store.StateFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The queries that each user has run and starred, a file a user. Format: {@code
 * distribution/docs/formats/history.md}.
 *
 * <p>Changes are written at most once in 5 s, and at the end; a crash loses those of the last 5 s.
 * What cannot be written is kept in memory and tried again once a minute. A file that another
 * version of the server has written meanwhile is read again. Of a user the least recent queries
 * without a star go first, of all users the one who has been away longest. Thread-safe; files are
 * written without the lock that requests take.
 */
public final class QueryHistory implements AutoCloseable {
  /** The most queries of a user. */
  public static final int MAX_QUERIES = 500;

  /** The most bytes of a query. */
  public static final int MAX_QUERY_BYTES = 16 << 10;

  static final int MAX_USERS = 1000;
  static final int MAX_USER_BYTES = 256 << 10;
  private static final int MAX_LOADED = 32;

  /** Users kept while their changes cannot be written, of 256 KiB each. */
  static final int MAX_UNWRITTEN = 128;

  private static final int MAX_FILE_BYTES = 4 << 20;
  private static final Duration PAUSE = Duration.ofSeconds(5);
  private static final int RETRY_PAUSES = 12;
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
    long changes; // since it was read
    long written; // how many of them the file has
    @Nullable FileTime fileTime; // null without a file

    boolean isChanged() {
      return changes != written;
    }

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
  private final Object files = new Object(); // held while files are written; taken before this
  private final LinkedHashMap<String, User> users =
      new LinkedHashMap<>(16, 0.75f, true); // guarded by this
  private @Nullable Thread writer; // guarded by this
  private boolean closed; // guarded by this

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

  /**
   * Returns the queries of a user, the newest first.
   *
   * @throws Refused when the file cannot be read now
   */
  public synchronized List<Entry> list(String user, int limit) throws Refused {
    List<Entry> all = new ArrayList<>(seen(user).queries.values());
    return all.reversed().stream().limit(limit).toList();
  }

  /**
   * Adds a query that was run, or counts it up.
   *
   * @throws Refused when it is too long or empty, or the file cannot be read now
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
   * @throws Refused when it is too long or empty, or the file cannot be read now
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

  private void change(String user, Entry entry) throws Refused {
    User of = user(user);
    of.put(entry);
    of.shrink(entry.query());
    changed(of);
  }

  /**
   * Removes a query of a user; returns whether it was there.
   *
   * @throws Refused when the file cannot be read now
   */
  public synchronized boolean remove(String user, String query) throws Refused {
    User of = user(user);
    boolean was = of.remove(query);
    if (was) {
      changed(of);
    }
    return was;
  }

  /**
   * Removes all queries of a user.
   *
   * @throws Refused when the file cannot be read now
   */
  public synchronized void clear(String user) throws Refused {
    User of = user(user);
    of.queries.clear();
    of.bytes = 0;
    changed(of);
  }

  // --- files

  private void changed(User user) {
    user.changes++;
    if (writer == null) {
      writer = Thread.ofVirtual().name("query-history").start(this::writeLater);
    }
  }

  private void writeLater() {
    Duration wait = pause;
    boolean again = true;
    try {
      while (again) {
        pause(wait);
        boolean written = flush();
        wait = written ? pause : pause.multipliedBy(RETRY_PAUSES);
        synchronized (this) {
          again = !closed && users.values().stream().anyMatch(User::isChanged);
          if (!again && writer == Thread.currentThread()) {
            writer = null;
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // close() writes
    }
  }

  private synchronized void pause(Duration time) throws InterruptedException {
    long end = System.nanoTime() + time.toNanos();
    long left = time.toMillis();
    while (!closed && left > 0) {
      wait(left);
      left = Duration.ofNanos(end - System.nanoTime()).toMillis();
    }
  }

  /** Returns a user's queries to change them; they stay in memory until they are written. */
  private User user(String name) throws Refused {
    User user = seen(name);
    if (users.putIfAbsent(name, user) == null && users.size() > MAX_UNWRITTEN) {
      users.remove(name);
      throw new Refused(503, "the histories of many users wait to be written; try again later");
    }
    return user;
  }

  /** Returns a user's queries, read from the file when they are not in memory. */
  private User seen(String name) throws Refused {
    User loaded = users.get(name);
    if (loaded != null
        && (loaded.isChanged() || Objects.equals(loaded.fileTime, fileTime(file(name))))) {
      return loaded;
    }
    User read = read(name);
    users.remove(name);
    if (users.size() >= MAX_LOADED) {
      users.entrySet().removeIf(e -> users.size() >= MAX_LOADED && !e.getValue().isChanged());
    }
    if (users.size() < MAX_LOADED) {
      users.put(name, read);
    }
    return read;
  }

  private static @Nullable FileTime fileTime(Path file) {
    try {
      return Files.getLastModifiedTime(file);
    } catch (IOException e) {
      return null; // reading it says why
    }
  }

  private Path file(String user) {
    return folder.resolve(DashboardDocument.sha256(user).substring(0, 32) + SUFFIX);
  }

  private User read(String name) throws Refused {
    User user = new User();
    Path file = file(name);
    user.fileTime = fileTime(file);
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_FILE_BYTES + 1);
    } catch (NoSuchFileException _) {
      return user; // nothing yet
    } catch (IOException e) {
      LOG.warn("{}: the history of a user cannot be read: {}", file, StateFile.reason(e));
      throw new Refused(
          503, "the history cannot be read now; the log says why, try again in a moment");
    }
    String problem = fill(user, bytes);
    if (!problem.isEmpty()) {
      LOG.warn("{}: the history of a user: {}; it starts again empty", file, problem);
      setAside(file);
      return new User();
    }
    return user;
  }

  /** Takes the content of a file; returns what is wrong with it, or an empty text. */
  private static String fill(User user, byte[] bytes) {
    if (bytes.length > MAX_FILE_BYTES) {
      return "has more than " + MAX_FILE_BYTES + " bytes";
    }
    try {
      JsonNode root = JSON.readTree(bytes);
      if (root.path("version").asInt() != 1) {
        return "version must be 1, got " + root.path("version");
      }
      for (JsonNode q : root.path("queries")) {
        if (!q.path("query").asText().isBlank()) {
          user.put(
              new Entry(
                  q.path("query").asText(),
                  q.path("lastMs").asLong(),
                  q.path("count").asLong(),
                  q.path("starred").asBoolean()));
        }
      }
    } catch (IOException e) {
      return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }
    user.shrink("");
    return "";
  }

  private static void setAside(Path file) {
    try {
      Files.move(
          file,
          file.resolveSibling(file.getFileName() + ".damaged"),
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      LOG.warn("{}: cannot be set aside: {}", file, StateFile.reason(e));
    }
  }

  /** Content of a file that is to be written; empty: none. */
  private record Content(String name, User user, long changes, byte[] bytes) {}

  /** Writes what has changed; returns whether all of it is in files. */
  private boolean flush() {
    boolean written = true;
    synchronized (files) {
      List<Content> all = new ArrayList<>();
      synchronized (this) {
        users.forEach((name, user) -> {
          if (user.isChanged()) {
            all.add(new Content(name, user, user.changes, content(name, user)));
          }
        });
      }
      for (Content c : all) {
        written &= write(c);
      }
    }
    return written;
  }

  private static byte[] content(String name, User user) {
    if (user.queries.isEmpty()) {
      return new byte[0];
    }
    ObjectNode root = JSON.createObjectNode().put("version", 1).put("user", name);
    ArrayNode list = root.putArray("queries");
    for (Entry e : user.queries.values()) {
      list.addObject()
          .put("query", e.query())
          .put("lastMs", e.lastMs())
          .put("count", e.count())
          .put("starred", e.starred());
    }
    return root.toString().getBytes(StandardCharsets.UTF_8);
  }

  private boolean write(Content c) {
    Path file = file(c.name());
    boolean isNew = !Files.exists(file);
    FileTime time;
    try {
      if (c.bytes().length == 0) {
        Files.deleteIfExists(file);
      } else {
        StateFile.createFolder(folder);
        StateFile.replace(file, c.bytes());
      }
      time = fileTime(file);
    } catch (IOException e) {
      LOG.warn(
          "{}: the history of a user cannot be written: {}; it is tried again",
          file,
          StateFile.reason(e));
      return false;
    }
    synchronized (this) {
      c.user().written = c.changes();
      c.user().fileTime = time;
    }
    if (isNew) {
      try {
        forgetUsers(file);
      } catch (IOException e) {
        LOG.warn("{}: files of other users cannot be removed: {}", folder, StateFile.reason(e));
      }
    }
    return true;
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

  /** Writes what has changed; changes of requests that outlive it are written at once. */
  @Override
  public void close() {
    Thread waiting;
    synchronized (this) {
      closed = true;
      notifyAll();
      waiting = writer;
    }
    if (waiting != null) {
      try {
        waiting.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    flush();
  }
}
