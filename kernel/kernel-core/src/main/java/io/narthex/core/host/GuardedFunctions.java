package io.narthex.core.host;

import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.function.PromqlFunction.Evaluation;
import io.narthex.spi.function.PromqlFunction.OfRange;
import io.narthex.spi.function.PromqlFunction.OfScalars;
import io.narthex.spi.function.PromqlFunction.OfVector;
import org.jspecify.annotations.Nullable;

/**
 * Counts the calls of a plugin's function and sets the context class loader around them. They run
 * on the query's thread: one call per series, none per sample. What they throw goes to the query
 * engine, which fails the query; an error becomes an exception on the way, so that it ends the
 * query and nothing else.
 */
final class GuardedFunctions {
  private final String name;
  private final CallStats stats;
  private final @Nullable ClassLoader loader;

  private GuardedFunctions(String name, CallStats stats, @Nullable ClassLoader loader) {
    this.name = name;
    this.stats = stats;
    this.loader = loader;
  }

  /** Returns a function that does what {@code f} does, guarded. */
  static PromqlFunction of(PromqlFunction f, PluginGuard guard, Provider plugin) {
    GuardedFunctions g =
        new GuardedFunctions(
            f.name(),
            guard.stats(plugin, Operation.EVALUATE),
            plugin.service().getClass().getClassLoader());
    Evaluation guarded =
        switch (f.evaluation()) {
          case OfScalars e -> (OfScalars) (call, out) -> g.run(() -> e.evaluate(call, out));
          case OfVector e ->
              (OfVector) (call, values, present) -> g.run(() -> e.evaluate(call, values, present));
          case OfRange e ->
              (OfRange)
                  (call, windows, out, present) ->
                      g.run(() -> e.evaluate(call, windows, out, present));
        };
    return new PromqlFunction(f.name(), f.arguments(), guarded);
  }

  private void run(Runnable evaluation) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    long began = stats.begin();
    try {
      evaluation.run();
    } catch (RuntimeException e) {
      stats.exceptions.increment();
      throw e;
    } catch (Error e) {
      stats.exceptions.increment();
      PluginGuard.throwIfFatal(e);
      throw new PluginCalls.PluginErrorException(name + "() of a plugin failed: " + e, e);
    } finally {
      stats.end(began);
      thread.setContextClassLoader(before);
    }
  }
}
