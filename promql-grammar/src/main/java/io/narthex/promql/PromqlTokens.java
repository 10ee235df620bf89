package io.narthex.promql;

import io.narthex.promql.grammar.antlr.PromQL;
import java.util.Locale;
import org.antlr.v4.runtime.Token;

/** How tokens are written in queries and called in error messages. */
final class PromqlTokens {
  static final int[] KEYWORDS = {
    PromQL.AND,
    PromQL.OR,
    PromQL.UNLESS,
    PromQL.ATAN2,
    PromQL.SUM,
    PromQL.AVG,
    PromQL.COUNT,
    PromQL.MIN,
    PromQL.MAX,
    PromQL.GROUP,
    PromQL.STDDEV,
    PromQL.STDVAR,
    PromQL.TOPK,
    PromQL.BOTTOMK,
    PromQL.COUNT_VALUES,
    PromQL.QUANTILE,
    PromQL.LIMITK,
    PromQL.LIMIT_RATIO,
    PromQL.OFFSET,
    PromQL.ANCHORED,
    PromQL.SMOOTHED,
    PromQL.BY,
    PromQL.WITHOUT,
    PromQL.ON,
    PromQL.IGNORING,
    PromQL.GROUP_LEFT,
    PromQL.GROUP_RIGHT,
    PromQL.BOOL,
    PromQL.FILL,
    PromQL.FILL_LEFT,
    PromQL.FILL_RIGHT,
    PromQL.START,
    PromQL.END,
    PromQL.STEP,
    PromQL.RANGE
  };

  private PromqlTokens() {}

  static String keyword(int type) {
    return PromQL.VOCABULARY.getSymbolicName(type).toLowerCase(Locale.ROOT);
  }

  /**
   * Returns how an error message names a token: {@code <by>}, {@code identifier "x"}, {@code ","}
   */
  static String describe(Token token) {
    int type = token.getType();
    String text = token.getText();
    return switch (type) {
      case Token.EOF -> "end of input";
      case PromQL.IDENTIFIER -> "identifier " + Strings.quote(text);
      case PromQL.METRIC_IDENTIFIER -> "metric identifier " + Strings.quote(text);
      case PromQL.STRING -> "string " + shortened(text);
      case PromQL.NUMBER -> "number " + shortened(text);
      case PromQL.DURATION -> "duration " + shortened(text);
      case PromQL.ADD,
          PromQL.SUB,
          PromQL.MUL,
          PromQL.DIV,
          PromQL.MOD,
          PromQL.POW,
          PromQL.EQLC,
          PromQL.NEQ,
          PromQL.LTE,
          PromQL.LSS,
          PromQL.GTE,
          PromQL.GTR,
          PromQL.TRIM_LOWER,
          PromQL.TRIM_UPPER,
          PromQL.AT,
          PromQL.AND,
          PromQL.OR,
          PromQL.UNLESS,
          PromQL.ATAN2,
          PromQL.EQL_REGEX,
          PromQL.NEQ_REGEX ->
          "<op:" + text + ">";
      case PromQL.SUM,
          PromQL.AVG,
          PromQL.COUNT,
          PromQL.MIN,
          PromQL.MAX,
          PromQL.GROUP,
          PromQL.STDDEV,
          PromQL.STDVAR,
          PromQL.TOPK,
          PromQL.BOTTOMK,
          PromQL.COUNT_VALUES,
          PromQL.QUANTILE,
          PromQL.LIMITK,
          PromQL.LIMIT_RATIO ->
          "<aggr:" + text + ">";
      default -> isKeyword(type) ? "<" + text + ">" : Strings.quote(text);
    };
  }

  private static String shortened(String text) {
    return text.length() > 10
        ? Strings.quote(
                text.substring(
                    0,
                    text.offsetByCodePoints(
                        0, Math.min(10, text.codePointCount(0, text.length())))))
            + "..."
        : Strings.quote(text);
  }

  private static boolean isKeyword(int type) {
    for (int k : KEYWORDS) {
      if (k == type) {
        return true;
      }
    }
    return false;
  }
}
