package io.narthex.query.functions;

import io.narthex.promql.Expr.RangeMode;
import io.narthex.promql.FunctionSignature;
import io.narthex.promql.Functions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The built-in functions. A function is one signature in {@link Functions} and one kernel in a list
 * below; the two are matched when the engine starts. Immutable.
 */
public final class FunctionTable {
  private static volatile @Nullable FunctionTable builtIn;

  private final Map<String, FunctionKernel> kernels;

  private FunctionTable(Map<String, FunctionKernel> kernels) {
    this.kernels = kernels;
  }

  /**
   * Returns the functions of the language.
   *
   * @throws IllegalStateException when the grammar and the engine know different ones
   */
  public static FunctionTable builtIn() {
    FunctionTable known = builtIn;
    if (known == null) {
      List<FunctionKernel> all = new ArrayList<>();
      all.addAll(InstantFunctions.KERNELS);
      all.addAll(DateFunctions.KERNELS);
      all.addAll(LabelFunctions.KERNELS);
      all.addAll(HistogramFunctions.KERNELS);
      all.addAll(InfoFunction.KERNELS);
      all.addAll(RangeFunctions.KERNELS);
      known = match(Functions.all(), all);
      builtIn = known;
    }
    return known;
  }

  /**
   * Matches signatures with kernels.
   *
   * @throws IllegalStateException when one lacks the other, or when there are two of a name
   */
  static FunctionTable match(
      Collection<FunctionSignature> signatures, Collection<FunctionKernel> kernels) {
    Map<String, FunctionKernel> byName = new HashMap<>();
    for (FunctionKernel k : kernels) {
      if (byName.put(k.name(), k) != null) {
        throw new IllegalStateException("functions: two kernels for " + k.name() + "()");
      }
    }
    TreeSet<String> unmatched = new TreeSet<>(byName.keySet());
    for (FunctionSignature s : signatures) {
      if (!unmatched.remove(s.name())) {
        throw new IllegalStateException(
            "functions: "
                + s.name()
                + "() has a signature in promql-grammar but no kernel in the query engine; update"
                + " both bundles together");
      }
    }
    if (!unmatched.isEmpty()) {
      throw new IllegalStateException(
          "functions: "
              + String.join("(), ", unmatched)
              + "() has a kernel in the query engine but no signature in promql-grammar; update"
              + " both bundles together");
    }
    return new FunctionTable(byName);
  }

  /** Returns the function of a name, or null. */
  public @Nullable FunctionKernel get(String name) {
    return kernels.get(name);
  }

  /** Returns the names of the functions that allow a modifier of their range selector, sorted. */
  public List<String> allowing(RangeMode mode) {
    return kernels.values().stream()
        .filter(k -> k.modes().contains(mode))
        .map(FunctionKernel::name)
        .sorted()
        .toList();
  }
}
