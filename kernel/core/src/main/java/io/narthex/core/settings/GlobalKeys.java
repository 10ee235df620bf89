package io.narthex.core.settings;

import io.narthex.config.alertmanager.AlertmanagerConfigLoader;
import io.narthex.config.alertmanager.OriginalReceivers;
import io.narthex.config.yaml.ConfigBinder;
import io.narthex.core.config.HttpClientChecks;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.notifier.NotifierProvider;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The keys of plugins in {@code global:} of {@code alertmanager.yml}. Besides Alertmanager's own
 * keys, which every notifier may read, a notifier of type {@code acme} may declare keys that begin
 * with {@code acme_}. So the owner of a key is known even while its plugin is absent: the key waits
 * when a receiver has blocks of that type, or when a plugin of that type has run here before; every
 * other unknown key is an error.
 */
public final class GlobalKeys {
  /** A key that waits for its plugin. */
  public record Waiting(String type, Entry entry) {}

  private final Collection<Provider> notifiers;
  private final Set<String> knownTypes;

  /**
   * Creates the check for the plugins of one moment.
   *
   * @param notifiers the notifier plugins that run
   * @param knownTypes types of notifier plugins that have run here
   */
  public GlobalKeys(Collection<Provider> notifiers, Set<String> knownTypes) {
    this.notifiers = notifiers;
    this.knownTypes = knownTypes;
  }

  private static Class<? extends Record> globals(Provider provider) {
    return ((NotifierProvider<?, ?>) provider.service()).globalConfigType();
  }

  /**
   * Refuses a plugin with keys that do not begin with its type.
   *
   * @throws IllegalStateException for a key that is neither Alertmanager's nor begins with its type
   */
  static void checkNames(Provider notifier) {
    for (String key : ConfigBinder.keys(globals(notifier))) {
      if (!AlertmanagerConfigLoader.globalKeys().contains(key)
          && !key.startsWith(notifier.type() + "_")) {
        throw new IllegalStateException(
            notifier.label()
                + ": its key \""
                + key
                + "\" in global: must begin with \""
                + notifier.type()
                + "_\", or be one of Alertmanager's own");
      }
    }
  }

  /**
   * Checks {@code global:} against the plugins that run and returns the keys that wait for one.
   *
   * @throws ConfigException for an unknown key, or a value its plugin refuses
   */
  public List<Waiting> check(AlertmanagerConfig config) {
    if (!(config.globals() instanceof Mapping globals)) {
      return List.of();
    }
    Set<String> declared = new TreeSet<>();
    for (Provider notifier : notifiers) {
      declared.addAll(bind(notifier, globals));
    }
    Set<String> blocks = new TreeSet<>();
    config.receivers().forEach(r -> r.blocks().forEach(b -> blocks.add(b.type())));
    List<Waiting> waiting = new ArrayList<>();
    for (Entry e : globals.entries()) {
      if (AlertmanagerConfigLoader.globalKeys().contains(e.key()) || declared.contains(e.key())) {
        continue;
      }
      String type = typeOf(e.key(), blocks);
      boolean runs = notifiers.stream().anyMatch(n -> n.type().equals(type));
      Set<String> all = new TreeSet<>(AlertmanagerConfigLoader.globalKeys());
      all.addAll(declared);
      String nearest = ConfigBinder.nearest(e.key(), all);
      // all keys of Alertmanager's receivers are known, also of those that wait for their plugin
      if (type == null || runs || (nearest != null && OriginalReceivers.types().contains(type))) {
        throw new ConfigException(
            e.keyPlace()
                + ": field "
                + e.key()
                + " not found in global"
                + (nearest != null
                    ? "; did you mean \"" + nearest + "\"?"
                    : type == null
                        ? "; neither Alertmanager nor a plugin has it"
                        : "; the plugin of " + type + "_configs does not have it"));
      }
      waiting.add(new Waiting(type, e));
    }
    return waiting;
  }

  /** Binds a plugin's own keys; returns their names. */
  private static Set<String> bind(Provider notifier, Mapping globals) {
    Class<? extends Record> type = globals(notifier);
    Set<String> own = ConfigBinder.keys(type);
    Mapping part =
        new Mapping(
            globals.place(),
            globals.entries().stream().filter(e -> own.contains(e.key())).toList());
    HttpClientChecks.checkAll(ConfigBinder.bind(part, type), part);
    return own;
  }

  /** Returns the longest type that a key begins with, or null. */
  private @Nullable String typeOf(String key, Set<String> blocks) {
    Set<String> types = new TreeSet<>(blocks);
    types.addAll(knownTypes);
    notifiers.forEach(n -> types.add(n.type()));
    String found = null;
    for (String type : types) {
      if (key.startsWith(type + "_") && (found == null || type.length() > found.length())) {
        found = type;
      }
    }
    return found;
  }
}
