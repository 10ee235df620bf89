package io.narthex.query.functions;

import io.narthex.promql.Expr.Call;
import io.narthex.query.context.QueryContext;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.spi.function.PromqlFunction;
import java.util.HashMap;
import java.util.Map;

/**
 * The functions that one query calls: those of the language, then those of plugins. Not
 * thread-safe.
 */
public final class QueryFunctions {
  private final FunctionTable builtIn = FunctionTable.builtIn();
  private final FunctionRegistry.Lease plugins;
  private final Map<String, FunctionKernel> found = new HashMap<>();

  public QueryFunctions(FunctionRegistry.Lease plugins) {
    this.plugins = plugins;
  }

  /**
   * Returns the function that is called.
   *
   * @throws io.narthex.service.query.QueryException when there is none of the name
   */
  public FunctionKernel of(Call c) {
    String name = c.function().name();
    FunctionKernel k = builtIn.get(name);
    return k != null ? k : found.computeIfAbsent(name, this::ofPlugin);
  }

  private FunctionKernel ofPlugin(String name) {
    PromqlFunction f = plugins.find(name);
    if (f == null) {
      throw QueryContext.failed("unknown function with name \"" + name + "\"");
    }
    return PluginFunctions.kernel(f);
  }
}
