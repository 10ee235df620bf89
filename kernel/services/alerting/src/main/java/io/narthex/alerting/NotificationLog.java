package io.narthex.alerting;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Alertmanager's notification log: what was sent to which integration, kept over restarts.
 * Thread-safe.
 */
final class NotificationLog {
  /** What an entry is about. */
  record Key(String groupKey, String receiver, String integration, int index) {}

  /**
   * The last notification.
   *
   * @param state what the notifier keeps for the next notification of the group
   */
  record Entry(
      Set<Long> firing,
      Set<Long> resolved,
      Instant time,
      Instant expires,
      Map<String, String> state) {
    Entry {
      firing = Set.copyOf(firing);
      resolved = Set.copyOf(resolved);
      state = Map.copyOf(state);
    }

    Entry(Set<Long> firing, Set<Long> resolved, Instant time, Instant expires) {
      this(firing, resolved, time, expires, Map.of());
    }
  }

  private final Map<Key, Entry> entries = new HashMap<>();
  private final @Nullable Journal journal;

  /**
   * Opens the log.
   *
   * @param file null: in memory only
   */
  NotificationLog(@Nullable Path file, Instant now) {
    journal = file == null ? null : new Journal(file);
    if (journal != null) {
      read(journal);
      maintain(now);
    }
  }

  private void read(Journal from) {
    from.readEach(n -> entries.put(key(n), entry(n)));
  }

  /** Reads what another version of this bundle has written. */
  private void refresh() {
    if (journal != null && journal.changedElsewhere()) {
      read(journal);
    }
  }

  synchronized @Nullable Entry get(Key key) {
    refresh();
    return entries.get(key);
  }

  synchronized int size() {
    return entries.size();
  }

  /**
   * Records a notification; it is kept for twice the repeat interval, at most for the retention.
   */
  synchronized void log(
      Key key,
      Set<Long> firing,
      Set<Long> resolved,
      Instant now,
      Duration repeatInterval,
      Duration retention,
      Map<String, String> state) {
    Duration keep = repeatInterval.multipliedBy(2);
    Entry e =
        new Entry(
            firing,
            resolved,
            now,
            now.plus(keep.compareTo(retention) > 0 ? retention : keep),
            state);
    refresh();
    entries.put(key, e);
    if (journal != null) {
      journal.append(json(key, e), entries.size(), this::all);
    }
  }

  /** Removes what has expired. */
  synchronized void maintain(Instant now) {
    entries.values().removeIf(e -> !e.expires().isAfter(now));
  }

  /** Rewrites the file. */
  synchronized void close() throws IOException {
    refresh();
    if (journal != null) {
      journal.rewrite(all());
    }
  }

  private Collection<JsonNode> all() {
    return entries.entrySet().stream().map(e -> (JsonNode) json(e.getKey(), e.getValue())).toList();
  }

  private static ObjectNode json(Key key, Entry e) {
    ObjectNode n = Journal.JSON.createObjectNode();
    n.put("groupKey", key.groupKey());
    n.put("receiver", key.receiver());
    n.put("integration", key.integration());
    n.put("index", key.index());
    n.put("timeMs", e.time().toEpochMilli());
    n.put("expiresMs", e.expires().toEpochMilli());
    ArrayNode firing = n.putArray("firing");
    e.firing().forEach(f -> firing.add(Fingerprint.text(f)));
    ArrayNode resolved = n.putArray("resolved");
    e.resolved().forEach(f -> resolved.add(Fingerprint.text(f)));
    if (!e.state().isEmpty()) {
      ObjectNode state = n.putObject("state");
      e.state().forEach(state::put);
    }
    return n;
  }

  private static Key key(JsonNode n) {
    return new Key(
        n.path("groupKey").asText(),
        n.path("receiver").asText(),
        n.path("integration").asText(),
        n.path("index").asInt());
  }

  private static Entry entry(JsonNode n) {
    return new Entry(
        fingerprints(n.path("firing")),
        fingerprints(n.path("resolved")),
        Instant.ofEpochMilli(n.path("timeMs").asLong()),
        Instant.ofEpochMilli(n.path("expiresMs").asLong()),
        texts(n.path("state")));
  }

  private static Map<String, String> texts(JsonNode object) {
    Map<String, String> out = new HashMap<>();
    object.properties().forEach(e -> out.put(e.getKey(), e.getValue().asText()));
    return out;
  }

  private static Set<Long> fingerprints(JsonNode array) {
    Set<Long> out = new HashSet<>();
    array.forEach(n -> out.add(Long.parseUnsignedLong(n.asText(), 16)));
    return out;
  }

  /** Returns the number of lines of the file that could not be read. */
  synchronized int unreadable() {
    return journal == null ? 0 : journal.unreadable();
  }

  /** Returns all keys; for tests. */
  synchronized List<Key> keys() {
    return List.copyOf(entries.keySet());
  }
}
