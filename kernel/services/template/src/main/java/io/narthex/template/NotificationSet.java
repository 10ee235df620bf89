package io.narthex.template;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The templates that notifications can use: Alertmanager's own, overridden by those of a plugin,
 * and both by those of the user's files. Immutable and thread-safe.
 */
final class NotificationSet {
  /** Most definitions of plugins that are kept parsed. */
  private static final int MAX_PARSED = 64;

  private final GoTemplate builtIn;
  private final List<GoTemplate> files;
  private final GoTemplate all;
  private final ConcurrentMap<String, NotificationSet> parsed = new ConcurrentHashMap<>();

  /** Creates a set from the parsed files of the user, in order. */
  NotificationSet(GoTemplate builtIn, List<GoTemplate> files) {
    this.builtIn = builtIn;
    this.files = List.copyOf(files);
    GoTemplate set = builtIn;
    for (GoTemplate file : files) {
      set = set.with(file);
    }
    all = set;
  }

  /** Returns all templates. */
  GoTemplate all() {
    return all;
  }

  /**
   * Returns this set with the definitions of a plugin.
   *
   * @throws GoTemplateException when they cannot be parsed
   */
  NotificationSet withDefinitions(String definitions) {
    NotificationSet known = parsed.get(definitions);
    if (known != null) {
      return known;
    }
    NotificationSet set =
        new NotificationSet(
            builtIn.with("plugin", definitions, NotificationFunctions.NAMES), files);
    if (parsed.size() >= MAX_PARSED) {
      parsed.clear();
    }
    parsed.put(definitions, set);
    return set;
  }
}
