package io.narthex.query.functions;

import io.narthex.promql.Expr.RangeMode;
import io.narthex.promql.FunctionSignature;
import io.narthex.promql.Functions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The built-in functions. A function is one signature in {@link Functions} and one kernel in a list
 * below. When promql-grammar and the engine come from different versions, one may have a function
 * that the other lacks: that function is unknown, all others work. Immutable.
 */
public final class FunctionTable {
  private static volatile @Nullable FunctionTable builtIn;

  private final Map<String, FunctionKernel> kernels;
  private final Set<String> withoutKernel;
  private final Set<String> withoutSignature;

  private FunctionTable(
      Map<String, FunctionKernel> kernels,
      Set<String> withoutKernel,
      Set<String> withoutSignature) {
    this.kernels = kernels;
    this.withoutKernel = withoutKernel;
    this.withoutSignature = withoutSignature;
  }

  /** Returns the functions of the language. */
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
   * @throws IllegalStateException when there are two kernels of a name
   */
  public static FunctionTable match(
      Collection<FunctionSignature> signatures, Collection<FunctionKernel> kernels) {
    Map<String, FunctionKernel> byName = new HashMap<>();
    for (FunctionKernel k : kernels) {
      if (byName.put(k.name(), k) != null) {
        throw new IllegalStateException("functions: two kernels for " + k.name() + "()");
      }
    }
    TreeSet<String> withoutKernel = new TreeSet<>();
    TreeSet<String> withoutSignature = new TreeSet<>(byName.keySet());
    for (FunctionSignature s : signatures) {
      if (!withoutSignature.remove(s.name())) {
        withoutKernel.add(s.name());
      }
    }
    byName.keySet().removeAll(withoutSignature);
    return new FunctionTable(
        byName,
        Collections.unmodifiableSet(withoutKernel),
        Collections.unmodifiableSet(withoutSignature));
  }

  /** Returns the names of functions that promql-grammar knows and the engine lacks, sorted. */
  public Set<String> withoutKernel() {
    return withoutKernel;
  }

  /** Returns the names of functions that the engine has and promql-grammar lacks, sorted. */
  public Set<String> withoutSignature() {
    return withoutSignature;
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
