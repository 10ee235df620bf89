package io.narthex.template;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The templates that notifications can use: Alertmanager's own, over them those of a plugin, over
 * both those of the user's files, whichever plugin comes and goes. Immutable and thread-safe.
 */
final class NotificationSet {
  /** Versions of plugins whose definitions are kept parsed. */
  private static final int MAX_PARSED = 64;

  private final GoTemplate builtIn;
  private final List<GoTemplate> files;
  private final GoTemplate all;
  private final ConcurrentMap<String, NotificationSet> parsed = new ConcurrentHashMap<>();

  /** Creates a set from the parsed files of the user, in their order. */
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
