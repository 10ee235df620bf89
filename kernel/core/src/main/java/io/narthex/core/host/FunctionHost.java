package io.narthex.core.host;

import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.spi.function.BuiltinNames;
import io.narthex.spi.function.FunctionProvider;
import io.narthex.spi.function.PromqlFunction;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The functions of the plugins that run. A change is visible to the next query at once; the
 * previous provider is released when the queries that use its functions have ended.
 */
public final class FunctionHost implements FunctionRegistry, PluginHost {
  private static final Logger LOG = LoggerFactory.getLogger(FunctionHost.class);

  /** How long to wait for queries that still use a replaced plugin. */
  private static final Duration DRAIN = Duration.ofSeconds(30);

  /** A provider with the number of queries that use it, which {@code lock} guards. */
  private static final class Slot {
    final Provider provider;
    final Map<String, GuardedFunctions> functions = new TreeMap<>();
    int uses;

    Slot(Provider provider) {
      this.provider = provider;
    }
  }

  private final Object lock = new Object();
  private final PluginGuard guard;
  private final Duration drain;
  private final Map<String, Slot> byType = new TreeMap<>(); // guarded by lock
  private final Map<String, Slot> byName = new HashMap<>(); // guarded by lock
  private final Map<String, String> previousOwners = new HashMap<>(); // guarded by lock

  /**
   * The reserved names of PromQL: those of the engine, or of the API until the engine has
   * registered.
   */
  @SuppressWarnings("deprecation")
  private volatile Set<String> reserved = BuiltinNames.all();

  private volatile Function<String, @Nullable String> ownersBeforeStart = name -> null;

  /** Creates a host without functions. */
  public FunctionHost(PluginGuard guard) {
    this(guard, DRAIN);
  }

  FunctionHost(PluginGuard guard, Duration drain) {
    this.guard = guard;
    this.drain = drain;
  }

  @Override
  @SuppressWarnings("deprecation")
  public void reserve(Set<String> names) {
    Set<String> all = new HashSet<>(BuiltinNames.all());
    all.addAll(names);
    reserved = Set.copyOf(all);
  }

  /** Returns whether a name is reserved; keywords are in any case of letters. */
  private boolean isReserved(String name) {
    return reserved.contains(name.toLowerCase(Locale.ROOT));
  }

  /** Sets the function that returns the plugin that had a function before this start. */
  public void previousOwners(Function<String, @Nullable String> memory) {
    ownersBeforeStart = memory;
  }

  @Override
  public @Nullable String formerProvider(String name) {
    String known;
    synchronized (lock) {
      if (byName.containsKey(name)) {
        return null;
      }
      known = previousOwners.get(name);
    }
    return known != null ? known : ownersBeforeStart.apply(name);
  }

  /** Returns the names of the functions of a type. */
  public Set<String> names(String type) {
    synchronized (lock) {
      Slot slot = byType.get(type);
      return slot == null ? Set.of() : Set.copyOf(slot.functions.keySet());
    }
  }

  @Override
  public Kind kind() {
    return Kind.FUNCTION;
  }

  /** Returns the functions of a type, each with its problem. */
  @Override
  public Map<String, InstanceProblem> instances(String type) {
    Map<String, InstanceProblem> out = new LinkedHashMap<>();
    synchronized (lock) {
      Slot slot = byType.get(type);
      if (slot != null) {
        slot.functions.forEach((name, f) ->
            out.put(
                name + "()",
                isReserved(name)
                    ? new InstanceProblem(
                        PluginProblem.TAKEN,
                        "is the name of a built-in function, which is used instead")
                    : InstanceProblem.of(PluginProblem.CRASHED, f.problem())));
      }
    }
    return out;
  }

  @Override
  public void probe(Provider candidate) {
    if (candidate.kind() == Kind.FUNCTION) {
      Slot slot = read(candidate);
      synchronized (lock) {
        refuseClashes(slot);
      }
    }
  }

  private Slot read(Provider provider) {
    FunctionProvider service = (FunctionProvider) provider.service();
    Slot slot = new Slot(provider);
    for (PromqlFunction f :
        guard.within(
            provider,
            Operation.FUNCTIONS,
            "listing the functions of " + provider.pluginId(),
            service::functions,
            late -> {})) {
      if (slot.functions.put(f.name(), new GuardedFunctions(f, guard, provider)) != null) {
        throw new IllegalStateException(
            provider.label() + " has two functions of the name \"" + f.name() + "\"");
      }
    }
    return slot;
  }

  private void refuseClashes(Slot slot) {
    for (String name : slot.functions.keySet()) {
      if (isReserved(name)) {
        throw new IllegalStateException(
            "function \"" + name + "\" is built in; give it another name");
      }
      Slot other = byName.get(name);
      if (other != null && !other.provider.pluginId().equals(slot.provider.pluginId())) {
        throw new ProviderRegistry.TakenException(
            "function \"" + name + "\"", other.provider.pluginId());
      }
    }
  }

  @Override
  public void changed(Kind kind, String type, @Nullable Provider now) {
    if (kind != Kind.FUNCTION) {
      return;
    }
    Slot next = now == null ? null : read(now);
    synchronized (lock) {
      if (next != null) {
        refuseClashes(next);
      }
      Slot old = next == null ? byType.remove(type) : byType.put(type, next);
      if (old != null) {
        old.functions.keySet().forEach(name -> previousOwners.put(name, old.provider.pluginId()));
      }
      byName.clear();
      byType.values().forEach(s -> s.functions.keySet().forEach(name -> byName.put(name, s)));
      previousOwners.keySet().removeAll(byName.keySet());
      if (old != null) {
        drain(old);
      }
    }
  }

  /** Waits, with {@code lock} released meanwhile, until no query uses a provider. */
  private void drain(Slot old) {
    long deadline = System.nanoTime() + drain.toNanos();
    try {
      while (old.uses > 0) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          LOG.warn(
              "plugin {}: {} queries still use it after {} s and may fail",
              old.provider.pluginId(),
              old.uses,
              drain.toSeconds());
          return;
        }
        lock.wait(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public Lease lease() {
    return new Use();
  }

  /** The functions that one query uses. Confined to its thread. */
  private final class Use implements Lease {
    private final Map<String, PromqlFunction> found = new HashMap<>();
    private final Map<Slot, Slot> held = new java.util.IdentityHashMap<>();

    @Override
    public @Nullable PromqlFunction find(String name) {
      PromqlFunction known = found.get(name);
      if (known != null) {
        return known;
      }
      synchronized (lock) {
        Slot slot = byName.get(name);
        GuardedFunctions guarded = slot == null ? null : slot.functions.get(name);
        if (slot == null || guarded == null) {
          return null;
        }
        PromqlFunction f = guarded.function();
        if (held.put(slot, slot) == null) {
          slot.uses++;
        }
        found.put(name, f);
        return f;
      }
    }

    @Override
    public void close() {
      if (held.isEmpty()) {
        return;
      }
      synchronized (lock) {
        held.keySet().forEach(slot -> slot.uses--);
        lock.notifyAll();
      }
      held.clear();
      found.clear();
    }
  }
}
