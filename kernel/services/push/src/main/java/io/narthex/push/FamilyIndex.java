package io.narthex.push;

import io.narthex.exposition.family.Family;
import io.narthex.exposition.family.Kind;
import io.narthex.exposition.family.Metric;
import io.narthex.exposition.family.SeriesLabels;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What all groups have of each family, so that a push is checked against what it touches and not by
 * gathering everything. Guarded by the store's lock.
 */
final class FamilyIndex {
  /** What the groups have of one name. */
  private static final class Entry {
    final EnumMap<Kind, Integer> kinds = new EnumMap<>(Kind.class); // number of groups
    final Map<SeriesLabels, SeriesLabels> owners = new HashMap<>(); // series -> key of the group
  }

  /** The server's own, which are exposed with what is pushed. */
  private static final Map<String, Kind> OWN =
      Map.of(
          "pushgateway_build_info", Kind.GAUGE,
          "pushgateway_http_requests_total", Kind.COUNTER,
          "pushgateway_http_push_duration_seconds", Kind.SUMMARY,
          "pushgateway_http_push_size_bytes", Kind.SUMMARY);

  private final SortedMap<String, Entry> entries = new TreeMap<>();

  void add(Group group) {
    for (Group.Stamped s : group.families().values()) {
      Entry e = entries.computeIfAbsent(s.family().name(), _ -> new Entry());
      e.kinds.merge(s.family().kind(), 1, Integer::sum);
      for (Metric m : s.family().metrics()) {
        e.owners.putIfAbsent(m.labels(), group.key());
      }
    }
  }

  void remove(Group group) {
    for (Group.Stamped s : group.families().values()) {
      Entry e = entries.get(s.family().name());
      if (e == null) {
        continue;
      }
      e.kinds.computeIfPresent(s.family().kind(), (_, n) -> n == 1 ? null : n - 1);
      for (Metric m : s.family().metrics()) {
        e.owners.remove(m.labels(), group.key());
      }
      if (e.kinds.isEmpty()) {
        entries.remove(s.family().name());
      }
    }
  }

  void clear() {
    entries.clear();
  }

  /**
   * Returns what is wrong with a push, or null.
   *
   * @param before the group as it is, which is in this index, or an empty one
   * @param after the group as it would be
   * @param pushed the names of the families that the push has
   */
  @Nullable String problem(Group before, Group after, Set<String> pushed) {
    remove(before);
    try {
      for (String name : pushed) {
        Group.Stamped s = after.families().get(name);
        String problem = s == null ? null : problem(s.family(), after);
        if (problem != null) {
          return problem;
        }
      }
      return null;
    } finally {
      add(before);
    }
  }

  private @Nullable String problem(Family f, Group in) {
    Kind own = OWN.get(f.name());
    if (own != null && own != f.kind()) {
      return "gathered metric family "
          + f.name()
          + " has type "
          + f.kind()
          + " but should have "
          + own;
    }
    Entry others = entries.get(f.name());
    if (others != null && !others.kinds.isEmpty() && !others.kinds.containsKey(f.kind())) {
      return "collected metric \""
          + f.name()
          + "\" is not a "
          + others.kinds.keySet().iterator().next()
          + ": another group has it with this type";
    }
    String collision = collision(f, in);
    if (collision != null) {
      return collision;
    }
    Set<SeriesLabels> seen = new HashSet<>();
    for (Metric m : f.metrics()) {
      String problem = problem(f, m);
      if (problem != null) {
        return problem;
      }
      if (!seen.add(m.labels()) || others != null && others.owners.containsKey(m.labels())) {
        return of(f, m) + "was collected before with the same name and label values";
      }
    }
    return null;
  }

  private static String of(Family f, Metric m) {
    return "collected metric \"" + f.name() + "\" " + m.labels() + " ";
  }

  private static @Nullable String problem(Family f, Metric m) {
    if (m instanceof Metric.Missing) {
      return of(f, m) + "is not a " + f.kind();
    }
    String repeated = m.labels().repeated();
    if (repeated != null) {
      return of(f, m) + "has two or more labels with the same name: " + repeated;
    }
    for (int i = 0; i < m.labels().size(); i++) {
      String name = m.labels().name(i);
      if (name.isEmpty() || name.startsWith("__")) {
        return of(f, m) + "has a label with an invalid name: " + name;
      }
      if (f.kind() == Kind.SUMMARY && name.equals("quantile")) {
        return "collected metric \"" + f.name() + "\" must not have an explicit \"quantile\" label";
      }
    }
    return null;
  }

  private boolean has(String name, Group in, Kind @Nullable ... kinds) {
    Group.Stamped own = in.families().get(name);
    Entry others = entries.get(name);
    if (kinds == null || kinds.length == 0) {
      return own != null || others != null;
    }
    for (Kind kind : kinds) {
      if (own != null && own.family().kind() == kind
          || others != null && others.kinds.containsKey(kind)) {
        return true;
      }
    }
    return false;
  }

  /** Returns which series of two families would have the same name, or null. */
  private @Nullable String collision(Family f, Group in) {
    String name = f.name();
    for (String suffix : new String[] {"_count", "_sum", "_bucket"}) {
      if (name.endsWith(suffix)) {
        String base = name.substring(0, name.length() - suffix.length());
        if (has(base, in, Kind.HISTOGRAM, Kind.GAUGE_HISTOGRAM)) {
          return collides(name, "histogram", base);
        }
        if (!suffix.equals("_bucket") && has(base, in, Kind.SUMMARY)) {
          return collides(name, "summary", base);
        }
      }
    }
    if (f.kind() == Kind.SUMMARY || f.kind().isHistogram()) {
      for (String suffix : new String[] {"_count", "_sum"}) {
        if (has(name + suffix, in)) {
          return "collected histogram or summary named \""
              + name
              + "\" collides with previously collected metric named \""
              + name
              + suffix
              + "\"";
        }
      }
    }
    return f.kind().isHistogram() && has(name + "_bucket", in)
        ? "collected histogram named \""
            + name
            + "\" collides with previously collected metric named \""
            + name
            + "_bucket\""
        : null;
  }

  private static String collides(String name, String kind, String base) {
    return "collected metric named \""
        + name
        + "\" collides with previously collected "
        + kind
        + " named \""
        + base
        + "\"";
  }
}
