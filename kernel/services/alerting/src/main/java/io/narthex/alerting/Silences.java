package io.narthex.alerting;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.narthex.config.alertmanager.AlertMatcher;
import io.narthex.model.Labels;
import io.narthex.service.alerts.AlertmanagerService.InvalidRequestException;
import io.narthex.service.alerts.AlertmanagerService.Silence;
import io.narthex.service.alerts.AlertmanagerService.SilenceRequest;
import io.narthex.service.alerts.AlertmanagerService.SilenceState;
import io.narthex.service.alerts.AlertmanagerService.UnknownSilenceException;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Silences, kept over restarts. Thread-safe. */
final class Silences {
  /** A silence with its compiled matchers. */
  record Stored(
      String id,
      List<AlertMatcher> matchers,
      Instant startsAt,
      Instant endsAt,
      Instant updatedAt,
      String createdBy,
      String comment,
      Map<String, String> annotations) {
    SilenceState state(Instant now) {
      return now.isBefore(startsAt)
          ? SilenceState.PENDING
          : now.isBefore(endsAt) ? SilenceState.ACTIVE : SilenceState.EXPIRED;
    }

    /** Returns an estimate of its memory in bytes. */
    long size() {
      long n = 500L + comment.length() + createdBy.length();
      for (AlertMatcher m : matchers) {
        n += 300L + m.source().name().length() + 8L * m.source().value().length();
      }
      for (Map.Entry<String, String> e : annotations.entrySet()) {
        n += 100L + e.getKey().length() + e.getValue().length();
      }
      return n;
    }

    Stored withTimes(Instant start, Instant end, Instant now) {
      return new Stored(id, matchers, start, end, now, createdBy, comment, annotations);
    }

    Silence view(Instant now) {
      return new Silence(
          id,
          matchers.stream().map(AlertMatcher::source).toList(),
          startsAt,
          endsAt,
          updatedAt,
          createdBy,
          comment,
          annotations,
          state(now));
    }
  }

  /**
   * Limits of what is stored.
   *
   * @param maxSilences 0 = none
   * @param maxBytesEach 0 = none
   * @param maxBytes estimated memory of all
   */
  record Limits(int maxSilences, long maxBytesEach, long maxBytes) {
    static final Limits NONE = new Limits(0, 0, Long.MAX_VALUE);
  }

  private final Map<String, Stored> silences = new LinkedHashMap<>();
  private Limits limits = Limits.NONE;
  private long limitHits;
  private final @Nullable Journal journal;
  private final Duration retention;
  private final boolean classicNames;

  /**
   * Opens the store.
   *
   * @param file null: in memory only
   * @param retention how long expired silences are kept
   */
  Silences(@Nullable Path file, Duration retention, boolean classicNames, Instant now) {
    this.journal = file == null ? null : new Journal(file);
    this.retention = retention;
    this.classicNames = classicNames;
    if (journal != null) {
      read(journal);
      maintain(now);
    }
  }

  private void read(Journal from) {
    from.readEach(n -> {
      Stored s = fromJson(n);
      silences.put(s.id(), s);
    });
  }

  /** Reads what another version of this bundle has written. */
  private void refresh() {
    if (journal != null && journal.changedElsewhere()) {
      read(journal);
    }
  }

  /** Removes silences that expired longer ago than the retention. */
  synchronized void maintain(Instant now) {
    silences.values().removeIf(s -> !s.endsAt().plus(retention).isAfter(now));
  }

  synchronized void close() throws IOException {
    refresh();
    if (journal != null) {
      journal.rewrite(all());
    }
  }

  private Collection<JsonNode> all() {
    return silences.values().stream().map(s -> (JsonNode) toJson(s)).toList();
  }

  /** Refuses new silences beyond the limits; existing ones can still be changed and expired. */
  private void checkLimits(Stored s) {
    if (limits.maxSilences() > 0
        && !silences.containsKey(s.id())
        && silences.size() >= limits.maxSilences()) {
      throw limited(
          "exceeded maximum number of silences: "
              + limits.maxSilences()
              + " (--silences.max-silences)");
    }
    long size = s.size();
    if (limits.maxBytesEach() > 0 && size > limits.maxBytesEach()) {
      throw limited(
          "silence exceeded maximum size: "
              + size
              + " bytes, at most "
              + limits.maxBytesEach()
              + " (--silences.max-silence-size-bytes)");
    }
    long all = size;
    for (Stored other : silences.values()) {
      all += other.id().equals(s.id()) ? 0 : other.size();
    }
    if (all > limits.maxBytes()) {
      throw limited(
          "silences need more than "
              + limits.maxBytes()
              + " bytes of memory; end some, or raise --alerts.max-bytes");
    }
  }

  private InvalidRequestException limited(String message) {
    limitHits++;
    return new InvalidRequestException(message);
  }

  /** Returns the number of silences refused because of a limit. */
  synchronized long limitHits() {
    return limitHits;
  }

  /** Returns the number of lines of the file that could not be used. */
  synchronized int unreadable() {
    return journal == null ? 0 : journal.unreadable();
  }

  synchronized void limits(Limits given) {
    limits = given;
  }

  private void store(Stored s) {
    silences.put(s.id(), s);
    if (journal != null) {
      journal.append(toJson(s), silences.size(), this::all);
    }
  }

  synchronized @Nullable Silence get(String id, Instant now) {
    refresh();
    Stored s = silences.get(id);
    return s == null ? null : s.view(now);
  }

  /** Returns the sorted ids of the silences that match a label set now. */
  synchronized List<String> silencing(Labels labels, Instant now) {
    refresh();
    List<String> ids = new ArrayList<>();
    for (Stored s : silences.values()) {
      if (s.state(now) == SilenceState.ACTIVE && AlertMatcher.matchAll(s.matchers(), labels)) {
        ids.add(s.id());
      }
    }
    ids.sort(Comparator.naturalOrder());
    return ids;
  }

  synchronized Map<SilenceState, Long> counts(Instant now) {
    return silences.values().stream()
        .collect(Collectors.groupingBy(s -> s.state(now), Collectors.counting()));
  }

  /** Returns the silences that have all these matchers literally, in the order of the API. */
  synchronized List<Silence> list(List<LabelMatcher> filters, Instant now) {
    refresh();
    return silences.values().stream()
        .filter(s -> hasAll(s.matchers(), filters))
        .map(s -> s.view(now))
        .sorted(ORDER)
        .toList();
  }

  static boolean hasAll(List<AlertMatcher> matchers, List<LabelMatcher> filters) {
    List<LabelMatcher> own = matchers.stream().map(AlertMatcher::source).toList();
    return own.containsAll(filters);
  }

  /** Active ones by end, pending ones by start, then expired ones by end, the newest first. */
  static final Comparator<Silence> ORDER =
      Comparator.comparingInt((Silence s) -> rank(s.state()))
          .thenComparing((a, b) ->
              switch (a.state()) {
                case ACTIVE -> a.endsAt().compareTo(b.endsAt());
                case PENDING -> a.startsAt().compareTo(b.startsAt());
                case EXPIRED -> b.endsAt().compareTo(a.endsAt());
              });

  private static int rank(SilenceState state) {
    return switch (state) {
      case ACTIVE -> 0;
      case PENDING -> 1;
      case EXPIRED -> 2;
    };
  }

  /** Creates or changes a silence and returns its id. */
  synchronized String put(SilenceRequest request, Instant now) {
    refresh();
    if (!request.endsAt().isAfter(request.startsAt())) {
      throw new InvalidRequestException(
          "Failed to create silence: start time must be before end time");
    }
    if (request.endsAt().isBefore(now)) {
      throw new InvalidRequestException("Failed to create silence: end time can't be in the past");
    }
    List<AlertMatcher> matchers =
        validate(request.matchers(), request.startsAt(), request.endsAt(), classicNames);
    Stored before = null;
    if (!request.id().isEmpty()) {
      before = silences.get(request.id());
      if (before == null) {
        throw new UnknownSilenceException("silence " + request.id() + " not found");
      }
    }
    if (before != null) {
      boolean sameMatchers = before.matchers().equals(matchers);
      if (sameMatchers && canUpdate(before, request.startsAt(), request.endsAt(), now)) {
        Stored changed =
            new Stored(
                before.id(),
                matchers,
                request.startsAt(),
                request.endsAt(),
                now,
                request.createdBy(),
                request.comment(),
                Map.copyOf(request.annotations()));
        checkLimits(changed);
        store(changed);
        return before.id();
      }
    }
    Instant start = request.startsAt().isBefore(now) ? now : request.startsAt();
    Stored created =
        new Stored(
            UUID.randomUUID().toString(),
            matchers,
            start,
            request.endsAt(),
            now,
            request.createdBy(),
            request.comment(),
            Map.copyOf(request.annotations()));
    checkLimits(created);
    if (before != null && before.state(now) != SilenceState.EXPIRED) {
      end(before, now);
    }
    store(created);
    return created.id();
  }

  /** Returns whether a silence can be changed in place. */
  static boolean canUpdate(Stored old, Instant startsAt, Instant endsAt, Instant now) {
    return switch (old.state(now)) {
      case ACTIVE ->
          startsAt
                  .truncatedTo(ChronoUnit.SECONDS)
                  .equals(old.startsAt().truncatedTo(ChronoUnit.SECONDS))
              && !endsAt.isBefore(now);
      case PENDING -> !startsAt.isBefore(now);
      case EXPIRED -> false;
    };
  }

  /** Expires a silence now. */
  synchronized void expire(String id, Instant now) {
    refresh();
    Stored s = silences.get(id);
    if (s == null) {
      throw new UnknownSilenceException("silence " + id + " not found");
    }
    if (s.state(now) != SilenceState.EXPIRED) {
      end(s, now);
    }
  }

  private void end(Stored s, Instant now) {
    store(s.withTimes(s.state(now) == SilenceState.PENDING ? now : s.startsAt(), now, now));
  }

  /** Validates a silence; a null time is one that was not given. */
  static List<AlertMatcher> validate(
      List<LabelMatcher> matchers,
      @Nullable Instant startsAt,
      @Nullable Instant endsAt,
      boolean classicNames) {
    List<AlertMatcher> compiled = validMatchers(matchers, classicNames);
    if (startsAt == null) {
      throw new InvalidRequestException("invalid silence: invalid zero start timestamp");
    }
    if (endsAt == null) {
      throw new InvalidRequestException("invalid silence: invalid zero end timestamp");
    }
    if (endsAt.isBefore(startsAt)) {
      throw new InvalidRequestException("invalid silence: end time must not be before start time");
    }
    return compiled;
  }

  /** Validates and compiles the matchers of a silence. */
  static List<AlertMatcher> validMatchers(List<LabelMatcher> matchers, boolean classicNames) {
    if (matchers.isEmpty()) {
      throw new InvalidRequestException(
          "invalid silence: matcher set 0 is empty: at least one matcher required");
    }
    List<AlertMatcher> out = new ArrayList<>();
    boolean selective = false;
    int i = 0;
    for (LabelMatcher m : matchers) {
      try {
        AlertMatcher compiled = validMatcher(m, classicNames);
        selective |= selects(compiled);
        out.add(compiled);
      } catch (IllegalArgumentException e) {
        throw new InvalidRequestException(
            "invalid silence: invalid label matcher " + i + " in set 0: " + e.getMessage());
      }
      i++;
    }
    if (!selective) {
      throw new InvalidRequestException(
          "invalid silence: matcher set 0: at least one matcher must not match the empty string");
    }
    return List.copyOf(out);
  }

  /**
   * Returns whether a matcher keeps a silence from matching everything. A negative one always does,
   * as in Alertmanager: people need to silence "all but production".
   */
  private static boolean selects(AlertMatcher m) {
    return m.source().operator().startsWith("!") || !m.matches("");
  }

  static AlertMatcher validMatcher(LabelMatcher m, boolean classicNames) {
    boolean validName = classicNames ? Labels.isLegacyName(m.name()) : !m.name().isEmpty();
    if (!validName || !isWellFormed(m.name())) {
      throw new IllegalArgumentException("invalid label name \"" + m.name() + "\"");
    }
    if (!isWellFormed(m.value())) {
      throw new IllegalArgumentException("invalid label value \"" + m.value() + "\"");
    }
    if (!List.of("=", "!=", "=~", "!~").contains(m.operator())) {
      throw new IllegalArgumentException("unknown matcher type \"" + m.operator() + "\"");
    }
    try {
      return AlertMatcher.compile(m);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "invalid regular expression \"" + m.value() + "\": " + e.getMessage(), e);
    }
  }

  private static boolean isWellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c) || c == '\uFFFD') {
        return false;
      }
    }
    return true;
  }

  private static ObjectNode toJson(Stored s) {
    ObjectNode n = Journal.JSON.createObjectNode();
    n.put("id", s.id());
    ArrayNode matchers = n.putArray("matchers");
    for (AlertMatcher m : s.matchers()) {
      ObjectNode o = matchers.addObject();
      o.put("name", m.source().name());
      o.put("operator", m.source().operator());
      o.put("value", m.source().value());
    }
    n.put("startsAtMs", s.startsAt().toEpochMilli());
    n.put("endsAtMs", s.endsAt().toEpochMilli());
    n.put("updatedAtMs", s.updatedAt().toEpochMilli());
    n.put("createdBy", s.createdBy());
    n.put("comment", s.comment());
    ObjectNode annotations = n.putObject("annotations");
    s.annotations().forEach(annotations::put);
    return n;
  }

  private static Stored fromJson(JsonNode n) {
    List<AlertMatcher> matchers = new ArrayList<>();
    n.path("matchers")
        .forEach(m ->
            matchers.add(
                AlertMatcher.compile(
                    new LabelMatcher(
                        m.path("name").asText(),
                        m.path("operator").asText(),
                        m.path("value").asText()))));
    Map<String, String> annotations = new LinkedHashMap<>();
    n.path("annotations")
        .properties()
        .forEach(e -> annotations.put(e.getKey(), e.getValue().asText()));
    return new Stored(
        n.path("id").asText(),
        List.copyOf(matchers),
        Instant.ofEpochMilli(n.path("startsAtMs").asLong()),
        Instant.ofEpochMilli(n.path("endsAtMs").asLong()),
        Instant.ofEpochMilli(n.path("updatedAtMs").asLong()),
        n.path("createdBy").asText(),
        n.path("comment").asText(),
        Map.copyOf(annotations));
  }
}
