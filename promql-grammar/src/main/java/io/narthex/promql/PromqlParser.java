package io.narthex.promql;

import io.narthex.promql.ParseException.Limit;
import io.narthex.promql.ParseException.ParseError;
import io.narthex.promql.grammar.antlr.PromQL;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.antlr.v4.runtime.CommonTokenStream;
import org.antlr.v4.runtime.DefaultErrorStrategy;
import org.antlr.v4.runtime.InputMismatchException;
import org.antlr.v4.runtime.ListTokenSource;
import org.antlr.v4.runtime.Parser;
import org.antlr.v4.runtime.ParserRuleContext;
import org.antlr.v4.runtime.RecognitionException;
import org.antlr.v4.runtime.RuleContext;
import org.antlr.v4.runtime.Token;
import org.antlr.v4.runtime.TokenStream;
import org.antlr.v4.runtime.atn.PredictionMode;
import org.antlr.v4.runtime.misc.ParseCancellationException;

/**
 * Reads PromQL.
 *
 * <p>Time is linear in the length of the text. Nesting is bounded, so that neither the parser nor a
 * recursive walk over the tree overflows the stack: {@value #MAX_NESTING} levels of parentheses,
 * signs and powers, {@value #MAX_DEPTH} levels of the tree in all.
 *
 * <p>Thread-safe.
 */
public final class PromqlParser {
  /** How deep parentheses, brackets, signs and powers may nest. */
  public static final int MAX_NESTING = 400;

  /** How deep the tree may be; each operator of a chain like {@code a + b + c} is one level. */
  public static final int MAX_DEPTH = 2000;

  /** How long a text may be, in UTF-16 units. */
  public static final int MAX_LENGTH = 1 << 20;

  /** How many tokens a text may have. */
  public static final int MAX_TOKENS = 200_000;

  /** About how many bytes are needed to parse a text, for each of its tokens. */
  public static final int BYTES_PER_TOKEN = 600;

  private static final int TOKENS_PER_CHECK = 256;

  private final ParserOptions options;
  private final Progress progress;

  /** Called now and then while a text is parsed; throws to stop it. */
  @FunctionalInterface
  public interface Progress {
    /** Called before the grammar is applied, with the number of tokens. */
    default void begin(int tokens) {}

    /** Called after every few tokens. */
    void check();
  }

  /** Creates a parser with the given options. */
  public PromqlParser(ParserOptions options) {
    this(options, () -> {});
  }

  /** Creates a parser that can be stopped while it parses. */
  public PromqlParser(ParserOptions options, Progress progress) {
    this.options = options;
    this.progress = progress;
  }

  /** Returns the tokens of a text, which must not be too long. */
  private List<Token> tokens(String text) throws ParseException {
    if (text.length() > MAX_LENGTH) {
      throw tooLarge(
          text,
          Limit.LENGTH,
          "expression is too long; at most "
              + MAX_LENGTH
              + " characters are supported, got "
              + text.length(),
          new PosRange(0, 0));
    }
    List<Token> tokens = Lexer.tokens(text, MAX_TOKENS);
    progress.begin(tokens.size());
    return tokens;
  }

  static ParseException tooManyTokens(String text, int most) {
    return tooLarge(
        text,
        Limit.TOKENS,
        "expression is too long; at most " + most + " tokens are supported",
        new PosRange(0, 0));
  }

  private static ParseException tooLarge(
      String text, Limit limit, String message, PosRange position) {
    return new ParseException(text, List.of(new ParseError(message, position)), limit);
  }

  /**
   * Returns the tree of an expression, type-checked.
   *
   * @throws ParseException when the text is no valid expression
   */
  public Expr parse(String query) throws ParseException {
    List<Token> tokens = tokens(query);
    Positions positions = new Positions(query);
    if (tokens.get(0).getType() == Token.EOF) {
      throw error(query, "no expression found in input", new PosRange(0, 0));
    }
    PromQL.StartContext tree = tree(query, tokens, positions);
    AstBuilder builder = new AstBuilder(query, positions, options);
    Expr expr = builder.build(tree.expr());
    List<ParseError> errors = builder.errors();
    if (!errors.isEmpty()) {
      throw new ParseException(query, errors);
    }
    if (builder.depth() > MAX_DEPTH) {
      throw tooDeep(query, positions);
    }
    return expr;
  }

  private PromQL.StartContext tree(String query, List<Token> tokens, Positions positions)
      throws ParseException {
    try {
      return run(tokens, PredictionMode.SLL);
    } catch (NestingException e) {
      throw tooDeep(query, positions);
    } catch (ParseCancellationException first) {
      try {
        return run(tokens, PredictionMode.LL);
      } catch (NestingException e) {
        throw tooDeep(query, positions);
      } catch (ParseCancellationException e) {
        throw syntaxError(query, positions, tokens, e, salvaged(query, positions, e));
      }
    }
  }

  /**
   * Returns the selector that {@code text} is, as in {@code match[]} parameters; it may match
   * everything, as {@code {}} does.
   *
   * @throws ParseException when it is anything else
   */
  public Expr.VectorSelector parseSelector(String text) throws ParseException {
    List<Token> tokens = tokens(text);
    Positions positions = new Positions(text);
    if (tokens.get(0).getType() == Token.EOF) {
      throw error(text, "unexpected end of input", new PosRange(0, 0));
    }
    int end = selectorEnd(tokens);
    Token extra = tokens.get(end);
    List<Token> selector = new ArrayList<>(tokens.subList(0, end));
    selector.add(tokens.getLast());
    AstBuilder builder = new AstBuilder(text, positions, options);
    Expr expr = end == 0 ? null : builder.buildSelector(tree(text, selector, positions).expr());
    if (extra.getType() != Token.EOF || expr == null) {
      throw error(text, "unexpected " + PromqlTokens.describe(extra), positions.of(extra));
    }
    List<ParseError> errors = builder.errors();
    if (!errors.isEmpty()) {
      throw new ParseException(text, errors);
    }
    return (Expr.VectorSelector) expr;
  }

  /** Returns the index of the first token that is no part of a selector at the beginning. */
  private static int selectorEnd(List<Token> tokens) {
    int i = 0;
    int first = tokens.get(0).getType();
    if (first == PromQL.IDENTIFIER
        || first == PromQL.METRIC_IDENTIFIER
        || Arrays.stream(PromqlTokens.KEYWORDS).anyMatch(k -> k == first)) {
      i++;
    }
    if (tokens.get(i).getType() == PromQL.LBRACE) {
      while (tokens.get(i).getType() != PromQL.RBRACE && tokens.get(i).getType() != Token.EOF) {
        i++;
      }
      return tokens.get(i).getType() == Token.EOF ? i : i + 1;
    }
    return i;
  }

  private static ParseException error(String query, String message, PosRange position) {
    return new ParseException(query, List.of(new ParseError(message, position)));
  }

  private static ParseException tooDeep(String query, Positions positions) {
    return tooLarge(
        query,
        Limit.DEPTH,
        "expression is nested too deeply; at most "
            + MAX_NESTING
            + " levels of parentheses and "
            + MAX_DEPTH
            + " chained operators are supported",
        new PosRange(0, positions.bytes(query.length())));
  }

  /**
   * Returns the errors in the parts before the one where the parser gave up: they are reported
   * first.
   */
  private List<ParseError> salvaged(
      String query, Positions positions, ParseCancellationException failure) {
    RecognitionException cause =
        (RecognitionException) Objects.requireNonNull(failure.getCause(), "cause");
    if (!(cause.getCtx() instanceof ParserRuleContext innermost)) {
      return List.of();
    }
    AstBuilder builder = new AstBuilder(query, positions, options);
    builder.salvage(innermost);
    return builder.syntaxErrors();
  }

  private PromQL.StartContext run(List<Token> tokens, PredictionMode mode) {
    PromQL parser = new BoundedParser(new CommonTokenStream(new ListTokenSource(tokens)), progress);
    parser.removeErrorListeners();
    parser.setErrorHandler(new FailFast());
    parser.getInterpreter().setPredictionMode(mode);
    return parser.start();
  }

  /* messages */

  private static ParseException syntaxError(
      String query,
      Positions positions,
      List<Token> tokens,
      ParseCancellationException failure,
      List<ParseError> before) {
    RecognitionException cause =
        (RecognitionException) Objects.requireNonNull(failure.getCause(), "cause");
    Token bad = cause.getOffendingToken();
    for (RuleContext c = cause.getCtx(); c != null; c = c.parent) {
      if (c instanceof PromQL.DurationPrimaryContext d
          && d.getStart().getType() == PromQL.IDENTIFIER
          && !DurationBuilder.isChoice(d.getStart().getText())) {
        bad = d.getStart();
      }
    }
    String message = bad.getText();
    if (bad.getType() != PromQL.ERROR) {
      int index = bad.getTokenIndex();
      int tokenBefore = index > 0 ? tokens.get(index - 1).getType() : Token.EOF;
      message = "unexpected " + PromqlTokens.describe(bad) + context(cause.getCtx(), tokenBefore);
    }
    List<ParseError> errors = new ArrayList<>(before);
    Token comma = tokens.get(Math.max(0, bad.getTokenIndex() - 1));
    if (bad.getType() != PromQL.ERROR
        && comma.getType() == PromQL.COMMA
        && isAmongArguments(cause.getCtx(), bad)) {
      errors.add(
          new ParseError("trailing commas not allowed in function call args", positions.of(comma)));
    }
    errors.add(new ParseError(message, positions.of(bad)));
    return new ParseException(query, errors);
  }

  /** Returns whether the parser stopped where an argument of a call had to begin. */
  private static boolean isAmongArguments(RuleContext context, Token bad) {
    RuleContext c = context;
    while (c instanceof PromQL.ExprContext e && e.getStart() == bad) {
      c = c.parent;
    }
    return c instanceof PromQL.ArgumentsContext;
  }

  /** Returns where in the language the error is and what would have been right there. */
  private static String context(RuleContext failed, int tokenBefore) {
    final String durations = "number, duration, step(), or range()";
    for (RuleContext c = failed; c != null; c = c.parent) {
      switch (c.getRuleIndex()) {
        case PromQL.RULE_matchOp:
          return " in label matching, expected label matching operator";
        case PromQL.RULE_labelMatcher:
          boolean afterOperator = tokenBefore != PromQL.IDENTIFIER && tokenBefore != PromQL.STRING;
          return " in label matching, expected "
              + (afterOperator ? "string" : "label matching operator");
        case PromQL.RULE_labelMatchers:
          boolean first = tokenBefore == PromQL.LBRACE || tokenBefore == PromQL.COMMA;
          return " in label matching, expected "
              + (first ? "identifier or \"}\"" : "\",\" or \"}\"");
        case PromQL.RULE_label, PromQL.RULE_labelList, PromQL.RULE_groupLabels:
          if (c instanceof PromQL.LabelListContext l && l.getChildCount() == 0) {
            return " in grouping opts, expected \"(\"";
          }
          boolean labelDue =
              tokenBefore == PromQL.LPAREN
                  || tokenBefore == PromQL.GROUP_PAREN
                  || tokenBefore == PromQL.COMMA;
          return " in grouping opts, expected " + (labelDue ? "label" : "\",\" or \")\"");
        case PromQL.RULE_atValue:
          return " in @, expected timestamp";
        case PromQL.RULE_offsetValue:
          return " in offset, expected " + durations;
        case PromQL.RULE_rangeEnd:
          return " in subquery or range, expected \":\" or \"]\"";
        case PromQL.RULE_subqueryStep:
          return " in subquery selector, expected number, duration, step(), range(), or \"]\"";
        case PromQL.RULE_rangeSpec:
          return " in subquery or range selector, expected " + durations;
        case PromQL.RULE_fillModifier:
          return " in fill modifier, expected number in parentheses";
        case PromQL.RULE_aggregate:
          return " in aggregation";
        default:
          break;
      }
    }
    return "";
  }

  private static final class NestingException extends ParseCancellationException {
    private static final long serialVersionUID = 1L;
  }

  /** Counts how deep the rules that recurse are, and gives up before the stack does. */
  private static final class BoundedParser extends PromQL {
    private final Progress progress;
    private int nesting;
    private int consumed;

    BoundedParser(TokenStream input, Progress progress) {
      super(input);
      this.progress = progress;
    }

    @Override
    public Token consume() {
      if (++consumed % TOKENS_PER_CHECK == 0) {
        progress.check();
      }
      return super.consume();
    }

    @Override
    public void enterRecursionRule(
        ParserRuleContext localctx, int state, int ruleIndex, int precedence) {
      if (++nesting > MAX_NESTING) {
        throw new NestingException();
      }
      super.enterRecursionRule(localctx, state, ruleIndex, precedence);
    }

    @Override
    public void unrollRecursionContexts(ParserRuleContext parent) {
      nesting--;
      super.unrollRecursionContexts(parent);
    }
  }

  /** Stops at the first error. */
  private static final class FailFast extends DefaultErrorStrategy {
    @Override
    public void recover(Parser recognizer, RecognitionException e) {
      throw new ParseCancellationException(e);
    }

    @Override
    public Token recoverInline(Parser recognizer) {
      throw new ParseCancellationException(new InputMismatchException(recognizer));
    }

    @Override
    public void sync(Parser recognizer) {}

    @Override
    public void reportError(Parser recognizer, RecognitionException e) {}
  }
}
