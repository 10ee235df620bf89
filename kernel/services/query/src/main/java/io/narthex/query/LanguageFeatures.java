package io.narthex.query;

import io.narthex.promql.AggregateOp;
import io.narthex.promql.BinaryOp;
import io.narthex.promql.FunctionSignature;
import io.narthex.promql.Functions;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.functions.FunctionTable;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Lists what the language offers, for clients that want to know before they ask. */
final class LanguageFeatures {
  private static final List<String> ALWAYS =
      List.of(
          "at_modifier",
          "bool",
          "by",
          "duration_expr",
          "group_left",
          "group_right",
          "ignoring",
          "negative_offset",
          "offset",
          "on",
          "per_query_lookback_delta",
          "subqueries",
          "without");

  private LanguageFeatures() {}

  static Map<String, Map<String, Boolean>> of(EngineOptions o, FunctionTable builtIn) {
    Map<String, Boolean> language = new TreeMap<>();
    ALWAYS.forEach(name -> language.put(name, true));
    language.put("anchored", o.extendedRangeSelectors());
    language.put("smoothed", o.extendedRangeSelectors());
    language.put("fill", o.binopFill());
    language.put("delayed_name_removal", o.delayedNameRemoval());
    language.put("type_and_unit_labels", o.typeAndUnitLabels());
    language.put("use_start_timestamps", o.useStartTimestamps());
    Map<String, Boolean> functions = new TreeMap<>();
    for (FunctionSignature f : Functions.all()) {
      if (builtIn.get(f.name()) != null) {
        functions.put(f.name(), !f.experimental() || o.experimentalFunctions());
      }
    }
    Map<String, Boolean> operators = new TreeMap<>(Map.of("=~", true, "!~", true, "@", true));
    for (BinaryOp op : BinaryOp.values()) {
      operators.put(op.symbol(), true);
    }
    for (AggregateOp op : AggregateOp.values()) {
      operators.put(op.text(), !op.isExperimental() || o.experimentalFunctions());
    }
    return Map.of("promql", language, "promql_functions", functions, "promql_operators", operators);
  }
}
