/*
 * The grammar of PromQL. Tokens come from the class Lexer, which is hand-written because their kind
 * depends on where they stand: inside braces no word is a keyword, inside brackets durations may be
 * calculated, and a word is a keyword in any case of letters.
 *
 * Every decision needs at most two tokens of lookahead, so parsing time is linear. GROUP_PAREN is
 * the "(" right after group_left or group_right: it always opens the list of labels.
 */
parser grammar PromQL;

tokens {
  ERROR,
  IDENTIFIER, METRIC_IDENTIFIER, STRING, NUMBER, DURATION,
  LPAREN, GROUP_PAREN, RPAREN, LBRACE, RBRACE, LBRACKET, RBRACKET, COMMA, COLON,
  EQL, EQL_REGEX, NEQ_REGEX,
  ADD, SUB, MUL, DIV, MOD, POW, EQLC, NEQ, LTE, LSS, GTE, GTR, TRIM_UPPER, TRIM_LOWER, AT,
  AND, OR, UNLESS, ATAN2,
  SUM, AVG, COUNT, MIN, MAX, GROUP, STDDEV, STDVAR, TOPK, BOTTOMK, COUNT_VALUES, QUANTILE, LIMITK,
  LIMIT_RATIO,
  OFFSET, ANCHORED, SMOOTHED, BY, WITHOUT, ON, IGNORING, GROUP_LEFT, GROUP_RIGHT, BOOL,
  FILL, FILL_LEFT, FILL_RIGHT, START, END, STEP, RANGE
}

start : expr EOF ;

expr
  : expr LBRACKET rangeSpec                                                   # bracketExpr
  | expr OFFSET offsetValue                                                   # offsetExpr
  | expr AT atValue                                                           # atExpr
  | expr rangeMode=(ANCHORED | SMOOTHED)                                      # modeExpr
  | <assoc=right> expr op=POW binModifier expr                                # binaryExpr
  | op=(ADD | SUB) expr                                                       # unaryExpr
  | expr op=(MUL | DIV | MOD | ATAN2) binModifier expr                        # binaryExpr
  | expr op=(ADD | SUB) binModifier expr                                      # binaryExpr
  | expr op=(EQLC | NEQ | LTE | LSS | GTE | GTR | TRIM_UPPER | TRIM_LOWER) binModifier expr # binaryExpr
  | expr op=(AND | UNLESS) binModifier expr                                   # binaryExpr
  | expr op=OR binModifier expr                                               # binaryExpr
  | aggregate                                                                 # aggregateExpr
  | call                                                                      # callExpr
  | selector                                                                  # selectorExpr
  | LPAREN expr RPAREN                                                        # parenExpr
  | NUMBER                                                                    # numberExpr
  | DURATION                                                                  # durationNumberExpr
  | STRING                                                                    # stringExpr
  ;

/* selectors */

selector : metricName labelMatchers? | labelMatchers ;

labelMatchers : LBRACE (labelMatcher (COMMA labelMatcher)* COMMA?)? RBRACE ;

labelMatcher
  : IDENTIFIER matchOp STRING
  | STRING (matchOp STRING)?
  ;

matchOp : EQL | NEQ | EQL_REGEX | NEQ_REGEX ;

/* words that are keywords elsewhere and may name a metric */
metricName
  : IDENTIFIER | METRIC_IDENTIFIER | aggregateOp
  | AND | OR | UNLESS | OFFSET | ANCHORED | SMOOTHED | BY | WITHOUT
  | FILL | FILL_LEFT | FILL_RIGHT | START | END | STEP | RANGE
  ;

/* aggregations and calls */

aggregate
  : aggregateOp grouping arguments
  | aggregateOp arguments grouping?
  ;

aggregateOp
  : SUM | AVG | COUNT | MIN | MAX | GROUP | STDDEV | STDVAR | TOPK | BOTTOMK | COUNT_VALUES
  | QUANTILE | LIMITK | LIMIT_RATIO
  ;

grouping : (BY | WITHOUT) labelList ;

labelList : (LPAREN | GROUP_PAREN) (label (COMMA label)* COMMA?)? RPAREN ;

label
  : IDENTIFIER | METRIC_IDENTIFIER | STRING | aggregateOp
  | AND | OR | UNLESS | ATAN2 | OFFSET | ANCHORED | SMOOTHED | BY | WITHOUT | ON | IGNORING
  | GROUP_LEFT | GROUP_RIGHT | BOOL | FILL | FILL_LEFT | FILL_RIGHT | START | END | STEP | RANGE
  ;

call : functionName arguments ;

functionName : IDENTIFIER | START | END | STEP | RANGE ;

arguments : LPAREN (expr (COMMA expr)* COMMA?)? RPAREN ;

/* binary operators */

binModifier : BOOL? ((ON | IGNORING) labelList groupModifier?)? fillModifier* ;

groupModifier : (GROUP_LEFT | GROUP_RIGHT) groupLabels? ;

groupLabels : GROUP_PAREN (label (COMMA label)* COMMA?)? RPAREN ;

fillModifier : (FILL | FILL_LEFT | FILL_RIGHT) LPAREN sign=(ADD | SUB)? (NUMBER | DURATION) RPAREN ;

/* ranges, offsets and fixed times */

rangeSpec
  : durationExpr rangeEnd
  ;

rangeEnd : RBRACKET | COLON subqueryStep ;

subqueryStep : RBRACKET | durationExpr RBRACKET ;

durationExpr
  : <assoc=right> durationExpr op=POW durationExpr            # durationBinary
  | op=(ADD | SUB) durationExpr                               # durationUnary
  | durationExpr op=(MUL | DIV | MOD) durationExpr            # durationBinary
  | durationExpr op=(ADD | SUB) durationExpr                  # durationBinary
  | durationPrimary                                           # durationLeaf
  ;

durationPrimary
  : NUMBER
  | DURATION
  | (STEP | RANGE) LPAREN RPAREN
  | IDENTIFIER LPAREN durationExpr COMMA durationExpr RPAREN
  | LPAREN durationExpr RPAREN
  ;

offsetValue : sign=(ADD | SUB)? durationPrimary ;

atValue
  : sign=(ADD | SUB)? (NUMBER | DURATION)
  | (START | END) LPAREN RPAREN
  ;
