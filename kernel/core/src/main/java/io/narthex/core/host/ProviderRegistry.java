package io.narthex.core.host;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Knows which plugin serves which type. Providers are published and withdrawn by the plugin
 * manager's one thread; the listeners have released the previous provider when these methods
 * return.
 */
public final class ProviderRegistry {
  /** The kinds of plugins. */
  public enum Kind {
    /** Finds targets. */
    DISCOVERY,
    /** Produces metrics. */
    EXPORTER,
    /** Delivers notifications. */
    NOTIFIER,
    /** Keeps samples. */
    STORAGE,
    /** Adds functions to PromQL. */
    FUNCTION
  }

  /**
   * A provider of one type.
   *
   * @param service the provider object of the SPI
   */
  public record Provider(Kind kind, String type, String pluginId, Object service) {
    /** Returns {@code discovery:file}. */
    public String label() {
      return kind.name().toLowerCase(java.util.Locale.ROOT) + ":" + type;
    }
  }

  /** Is notified when the provider of a type changes. */
  public interface Listener {
    /**
     * Checks a provider against the configuration in effect, without changing anything.
     *
     * @throws RuntimeException when it would not work; the message is for users
     */
    void probe(Provider candidate);

    /**
     * Switches to {@code now}; null: there is none any more. Returns when the previous provider is
     * unused.
     *
     * @throws RuntimeException when it cannot; it keeps the previous provider then
     */
    void changed(Kind kind, String type, @Nullable Provider now);
  }

  /** Another plugin serves the type already; the message is for users. */
  public static final class TakenException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    TakenException(String what, String holder) {
      super(what + " is already served by plugin `" + holder + "`; remove that one first");
    }
  }

  private record Key(Kind kind, String type) {}

  private final Map<Key, Provider> providers = new ConcurrentHashMap<>();
  private final CopyOnWriteArrayList<Listener> listeners = new CopyOnWriteArrayList<>();

  /** Adds a listener and notifies it of all providers. */
  public void listen(Listener listener) {
    listeners.add(listener);
    providers.values().forEach(p -> listener.changed(p.kind(), p.type(), p));
  }

  /** Returns the provider of a type, or null. */
  public @Nullable Provider find(Kind kind, String type) {
    return providers.get(new Key(kind, type));
  }

  /** Returns the types of a kind, sorted. */
  public List<String> types(Kind kind) {
    return providers.keySet().stream()
        .filter(k -> k.kind() == kind)
        .map(Key::type)
        .sorted()
        .toList();
  }

  /** Returns all providers, in no order. */
  public List<Provider> all() {
    return List.copyOf(providers.values());
  }

  /** Has all listeners check candidates. */
  public void probe(List<Provider> candidates) {
    for (Provider candidate : candidates) {
      listeners.forEach(l -> l.probe(candidate));
    }
  }

  /**
   * Makes {@code now} the providers of a plugin, in place of those it had.
   *
   * @throws TakenException when another plugin serves one of the types
   * @throws RuntimeException when a listener cannot switch; in both cases the previous providers
   *     stay in service
   */
  public void publish(String pluginId, List<Provider> now) {
    for (Provider p : now) {
      Provider holder = find(p.kind(), p.type());
      if (holder != null && !holder.pluginId().equals(pluginId)) {
        throw new TakenException(p.label(), holder.pluginId());
      }
    }
    List<Provider> gone = new ArrayList<>();
    for (Provider p : providers.values()) {
      if (p.pluginId().equals(pluginId)
          && now.stream().noneMatch(n -> n.kind() == p.kind() && n.type().equals(p.type()))) {
        gone.add(p);
      }
    }
    Map<Key, @Nullable Provider> before = new LinkedHashMap<>();
    try {
      for (Provider p : now) {
        Key key = new Key(p.kind(), p.type());
        before.put(key, providers.get(key));
        change(key, p);
      }
      for (Provider p : gone) {
        Key key = new Key(p.kind(), p.type());
        before.put(key, p);
        change(key, null);
      }
    } catch (RuntimeException | Error e) {
      restore(before, e);
      throw e;
    }
  }

  /**
   * Notifies all listeners; when one refuses, those notified before it are switched back to the
   * previous provider.
   */
  private void change(Key key, @Nullable Provider now) {
    Provider previous = now == null ? providers.remove(key) : providers.put(key, now);
    List<Listener> notified = new ArrayList<>();
    try {
      for (Listener listener : listeners) {
        listener.changed(key.kind(), key.type(), now);
        notified.add(listener);
      }
    } catch (RuntimeException | Error e) {
      if (previous == null) {
        providers.remove(key);
      } else {
        providers.put(key, previous);
      }
      for (Listener listener : notified) {
        switchBack(listener, key, previous, e);
      }
      throw e;
    }
  }

  /** Undoes changes after a later one has failed. */
  private void restore(Map<Key, @Nullable Provider> before, Throwable cause) {
    before.forEach((key, previous) -> {
      if (providers.get(key) != previous) {
        if (previous == null) {
          providers.remove(key);
        } else {
          providers.put(key, previous);
        }
        listeners.forEach(l -> switchBack(l, key, previous, cause));
      }
    });
  }

  private static void switchBack(
      Listener listener, Key key, @Nullable Provider previous, Throwable cause) {
    try {
      listener.changed(key.kind(), key.type(), previous);
    } catch (RuntimeException | Error e) {
      cause.addSuppressed(e);
    }
  }

  /** Withdraws all providers of a plugin. */
  public void withdraw(String pluginId) {
    publish(pluginId, List.of());
  }
}
