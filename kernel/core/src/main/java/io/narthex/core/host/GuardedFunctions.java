package io.narthex.core.host;

import io.narthex.core.host.PluginCalls.PluginErrorException;
import io.narthex.core.host.PluginCalls.PluginTimeoutException;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.spi.function.PromqlFunction.Evaluation;
import io.narthex.spi.function.PromqlFunction.OfRange;
import io.narthex.spi.function.PromqlFunction.OfScalars;
import io.narthex.spi.function.PromqlFunction.OfVector;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Calls a function of a plugin with a deadline and contained: one call per series, none per sample.
 * It runs on a platform thread of a pool, because queries run on virtual threads, where an endless
 * loop would occupy one of the few carriers for good. What the function throws fails the query;
 * errors are turned into exceptions, so that they end the query and nothing else.
 */
final class GuardedFunctions {
  /** The number of hanging calls at which the function is not called any more. */
  private static final int MAX_HANGING = 8;

  private final String name;
  private final PluginGuard guard;
  private final Provider plugin;
  private final Set<PluginCall<Boolean>> hanging = ConcurrentHashMap.newKeySet();
  private final PromqlFunction function;

  /** Creates the guard of a function. */
  GuardedFunctions(PromqlFunction f, PluginGuard guard, Provider plugin) {
    this.name = f.name();
    this.guard = guard;
    this.plugin = plugin;
    Evaluation guarded =
        switch (f.evaluation()) {
          case OfScalars e -> (OfScalars) (call, out) -> run(() -> e.evaluate(call, out));
          case OfVector e ->
              (OfVector) (call, values, present) -> run(() -> e.evaluate(call, values, present));
          case OfRange e ->
              (OfRange)
                  (call, windows, out, present) ->
                      run(() -> e.evaluate(call, windows, out, present));
        };
    function = new PromqlFunction(f.name(), f.arguments(), guarded);
  }

  /** Returns the guarded function. */
  PromqlFunction function() {
    return function;
  }

  /** Returns its problem, or empty. */
  String problem() {
    int n = hanging();
    return n == 0 ? "" : n + " calls do not stop when interrupted";
  }

  private int hanging() {
    hanging.removeIf(c -> !c.isRunning());
    return hanging.size();
  }

  private void run(Runnable evaluation) {
    String what = name + "() of a plugin";
    if (hanging() >= MAX_HANGING) {
      guard.stats(plugin, Operation.EVALUATE).rejected.increment();
      throw new PluginErrorException(
          what + " is not called: " + MAX_HANGING + " calls do not stop when interrupted", null);
    }
    PluginCall<Boolean> call =
        guard.startPooled(
            plugin,
            Operation.EVALUATE,
            what,
            () -> {
              evaluation.run();
              return true;
            });
    try {
      call.await(guard.limits().deadline(Operation.EVALUATE));
    } catch (PluginTimeoutException e) {
      if (call.isRunning()) {
        hanging.add(call);
      }
      throw e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PluginErrorException(what + " was interrupted: its query has ended", e);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception | Error e) {
      throw new PluginErrorException(what + " failed: " + e, e);
    }
  }
}
