package io.narthex.push;

import io.narthex.exposition.family.Families;
import io.narthex.exposition.family.Family;
import io.narthex.exposition.family.Metric;
import io.narthex.exposition.family.SeriesLabels;
import io.narthex.service.push.PushSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The groups. A change is in the file, and forced, before it is answered. Thread-safe: changes take
 * turns, what waits for the disk waits together, and reading takes a list of immutable groups.
 */
final class PushStore implements AutoCloseable {
  /** Whether a push was taken. */
  sealed interface Outcome {
    /** It is stored. */
    record Taken() implements Outcome {}

    /** It does not fit what is there; the group has the time of the failure. */
    record Inconsistent(String why) implements Outcome {}

    /** There is no room for it. */
    record Full(String why) implements Outcome {}
  }

  private static final Logger LOG = LoggerFactory.getLogger(PushStore.class);
  private static final Outcome TAKEN = new Outcome.Taken();

  private final LongSupplier nanos; // since 1970
  private final @Nullable PushLog log;
  private final Map<SeriesLabels, Group> groups = new LinkedHashMap<>(); // guarded by this
  private final FamilyIndex index = new FamilyIndex(); // guarded by this
  private final Map<SeriesLabels, SeriesLabels> keys = new LinkedHashMap<>(); // by labels of series
  private long bytes; // guarded by this
  private volatile PushSettings settings;
  private volatile TimesToLive ends;

  /**
   * Opens the store.
   *
   * @param file null: in memory only
   */
  PushStore(@Nullable Path file, PushSettings settings, LongSupplier nanos) throws IOException {
    this.settings = settings;
    this.ends = new TimesToLive(settings);
    this.nanos = nanos;
    Map<SeriesLabels, Group> read = new LinkedHashMap<>();
    log = file == null ? null : new PushLog(file, read);
    long now = nanos.getAsLong();
    read.values().stream().filter(g -> ends.endNanos(g) > now).forEach(this::put);
  }

  void settings(PushSettings changed) {
    ends = new TimesToLive(changed);
    settings = changed;
  }

  PushSettings settings() {
    return settings;
  }

  /** Returns the groups in the order in which they were made; those whose time has come go. */
  List<Group> groups() {
    long now = nanos.getAsLong();
    List<Group> all;
    synchronized (this) {
      all = new ArrayList<>(groups.values());
    }
    TimesToLive times = ends;
    List<Group> left = new ArrayList<>(all.size());
    for (Group g : all) {
      if (times.endNanos(g) > now) {
        left.add(g);
      } else {
        expire(g);
      }
    }
    return left;
  }

  /** Removes a group, unless it was pushed to meanwhile. */
  private synchronized void expire(Group seen) {
    if (groups.get(seen.key()) != seen) {
      return;
    }
    remove(seen.key());
    try {
      append(new GroupRecord.Change(seen.key(), null));
    } catch (IOException e) {
      LOG.warn("the end of group {} could not be written: {}", seen.key(), e.toString());
    }
  }

  /** Returns the estimated memory of all groups in bytes. */
  synchronized long bytes() {
    return bytes;
  }

  /**
   * Stores a push.
   *
   * @param ttlNanos how long the group is kept; 0 = until it is deleted
   * @throws IOException when it could not be written; whether it is stored is not known then
   */
  Outcome push(SeriesLabels key, Families body, boolean replace, long ttlNanos) throws IOException {
    Outcome outcome;
    long number;
    synchronized (this) {
      Group known = groups.get(key);
      if (known != null && ends.endNanos(known) <= nanos.getAsLong()) {
        expire(known);
      }
      Group before = groups.getOrDefault(key, Group.empty(key));
      SeriesLabels other = keys.get(before.series());
      if (other != null && !other.equals(key)) {
        return new Outcome.Inconsistent(
            "another group, " + other + ", has series with the same labels");
      }
      long now = nanos.getAsLong();
      Map<String, Family> families = labelled(body, key);
      Group after = before.pushed(families, replace, now, ttlNanos);
      String problem = body.timed() ? "pushed metrics must not have timestamps" : null;
      if (problem == null && settings.consistencyCheck()) {
        problem = index.problem(before, after, families.keySet());
      }
      outcome = problem == null ? TAKEN : new Outcome.Inconsistent(problem);
      Group next = problem == null ? after : before.failed(now);
      String full = full(before, next);
      if (full != null) {
        return new Outcome.Full(full);
      }
      number = append(new GroupRecord.Change(key, next));
      remove(key);
      put(next);
    }
    force(number);
    return outcome;
  }

  private static Map<String, Family> labelled(Families body, SeriesLabels key) {
    Map<String, Family> out = new TreeMap<>();
    for (Family f : body.families().values()) {
      if (f.name().equals(Group.PUSH_TIME) || f.name().equals(Group.FAILURE_TIME)) {
        continue; // these are the group's own
      }
      List<Metric> metrics = new ArrayList<>(f.metrics().size());
      for (Metric m : f.metrics()) {
        metrics.add(m.with(Group.labelled(m.labels(), key)));
      }
      out.put(f.name(), new Family(f.name(), f.kind(), f.help(), metrics));
    }
    return out;
  }

  private @Nullable String full(Group before, Group next) {
    if (!groups.containsKey(next.key()) && groups.size() >= settings.maxGroups()) {
      return "there are " + groups.size() + " groups, the most that push.max_groups allows";
    }
    long known = groups.containsKey(next.key()) ? before.bytes() : 0;
    if (next.bytes() > known && bytes - known + next.bytes() > settings.maxBytes()) {
      return "all groups together would take "
          + (bytes - known + next.bytes())
          + " bytes, push.max_bytes allows "
          + settings.maxBytes();
    }
    return null;
  }

  /** Removes a group; does nothing when there is none. */
  void delete(SeriesLabels key) throws IOException {
    long number;
    synchronized (this) {
      if (!groups.containsKey(key)) {
        return;
      }
      number = append(new GroupRecord.Change(key, null));
      remove(key);
    }
    force(number);
  }

  /** Removes all groups. */
  void wipe() throws IOException {
    for (Group g : groups()) {
      delete(g.key());
    }
  }

  private long append(GroupRecord.Change change) throws IOException {
    return log == null ? 0 : log.append(change, groups, bytes);
  }

  private void force(long number) throws IOException {
    if (log != null) {
      log.force(number);
    }
  }

  private void put(Group g) {
    groups.put(g.key(), g);
    keys.put(g.series(), g.key());
    index.add(g);
    bytes += g.bytes();
  }

  private void remove(SeriesLabels key) {
    Group before = groups.remove(key);
    if (before != null) {
      keys.remove(before.series());
      index.remove(before);
      bytes -= before.bytes();
    }
  }

  @Override
  public void close() throws IOException {
    if (log != null) {
      log.close();
    }
  }
}
