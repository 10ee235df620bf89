package io.narthex.query;

import io.narthex.model.Matcher;
import io.narthex.promql.Expr;
import io.narthex.promql.ParseException;
import io.narthex.promql.ParserOptions;
import io.narthex.promql.PromqlParser;
import io.narthex.promql.Strings;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.functions.FunctionTable;
import io.narthex.query.functions.PluginFunctions;
import io.narthex.query.plan.SyntaxTree;
import io.narthex.service.query.FunctionRegistry;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.text.re2.Re2;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Parses expressions with the functions of plugins; says which plugin is missing when its function
 * is called. Thread-safe.
 */
final class ExpressionParser {
  private final FunctionTable builtIn;
  private final FunctionRegistry functions;
  private final Consumer<Refusal> refusals;

  /**
   * Creates a parser.
   *
   * @param builtIn the functions of the engine
   * @param functions those of plugins
   * @param refusals receives the reason for each expression that is too large
   */
  ExpressionParser(FunctionTable builtIn, FunctionRegistry functions, Consumer<Refusal> refusals) {
    this.builtIn = builtIn;
    this.functions = functions;
    this.refusals = refusals;
  }

  /** Returns the parser for some settings. */
  static PromqlParser of(
      EngineOptions o, ParserOptions.FunctionSource extra, PromqlParser.Progress progress) {
    return new PromqlParser(
        new ParserOptions(
            o.experimentalFunctions(),
            o.extendedRangeSelectors(),
            o.binopFill(),
            pattern -> {
              progress.check();
              return Re2.compile(pattern);
            },
            extra),
        progress);
  }

  /**
   * Parses an expression.
   *
   * @param lease the functions of plugins
   * @throws QueryException when it is invalid
   */
  Expr parse(
      String expression,
      EngineOptions o,
      FunctionRegistry.Lease lease,
      PromqlParser.Progress progress) {
    Map<String, String> missing = new HashMap<>(); // plugins that are not running, by function
    ParserOptions.FunctionSource source =
        name -> {
          PromqlFunction f = lease.find(name);
          String previous = f == null ? functions.formerProvider(name) : null;
          if (previous != null) {
            missing.put(name, previous);
          }
          return f == null ? null : PluginFunctions.signature(f);
        };
    try {
      Expr expr = of(o, source, progress).parse(expression);
      if (!builtIn.withoutKernel().isEmpty()) {
        refuseUnknown(expression, expr);
      }
      return expr;
    } catch (ParseException e) {
      refused(e);
      throw invalid(e, missing);
    }
  }

  /** Refuses functions that promql-grammar knows and the engine lacks, as the parser would. */
  private void refuseUnknown(String expression, Expr expr) {
    Deque<Expr> left = new ArrayDeque<>();
    left.push(expr);
    while (!left.isEmpty()) {
      Expr e = left.pop();
      if (e instanceof Expr.Call c && builtIn.withoutKernel().contains(c.function().name())) {
        String name = c.function().name();
        throw new QueryException(
            Kind.BAD_DATA,
            c.position().startIn(expression)
                + ": parse error: unknown function with name "
                + Strings.quote(name),
            null,
            name);
      }
      SyntaxTree.children(e).reversed().forEach(left::push);
    }
  }

  private static QueryException invalid(ParseException e, Map<String, String> missing) {
    String unknown = e.errors().getFirst().unknownFunction();
    String plugin = unknown == null ? null : missing.get(unknown);
    boolean alone =
        e.errors().stream()
            .map(ParseException.ParseError::unknownFunction)
            .allMatch(name -> name != null && missing.containsKey(name));
    return new QueryException(
        Kind.BAD_DATA,
        plugin == null
            ? String.valueOf(e.getMessage())
            : e.getMessage() + "; plugin " + plugin + ", which had it, is not running",
        alone ? plugin : null,
        unknown);
  }

  /**
   * Parses a selector alone.
   *
   * @throws QueryException when it is invalid
   */
  List<Matcher> selector(String text, EngineOptions o, PromqlParser.Progress progress) {
    try {
      return of(o, name -> null, progress).parseSelector(text).matchers();
    } catch (ParseException e) {
      refused(e);
      throw new QueryException(Kind.BAD_DATA, String.valueOf(e.getMessage()));
    }
  }

  /** Counts an expression that is refused for its size. */
  private void refused(ParseException e) {
    ParseException.Limit limit = e.limit();
    if (limit != null) {
      refusals.accept(
          switch (limit) {
            case LENGTH -> Refusal.LENGTH;
            case TOKENS -> Refusal.TOKENS;
            case DEPTH -> Refusal.DEPTH;
          });
    }
  }
}
