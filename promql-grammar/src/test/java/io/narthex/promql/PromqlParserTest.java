package io.narthex.promql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromqlParserTest {
  private final PromqlParser parser =
      new PromqlParser(ParserOptions.everything(ParseConformanceTest.RE2));

  @Test
  void refusesDeepNestingInsteadOfOverflowingTheStack() {
    for (String open : new String[] {"(", "-", "sum(", "2^", "abs(-(", "a[1m:1m]+on(x)("}) {
      assertThatThrownBy(() -> parser.parse(open.repeat(100_000) + "1"))
          .isInstanceOf(ParseException.class);
    }
    assertThatThrownBy(() -> parser.parse("(".repeat(5000) + "1" + ")".repeat(5000)))
        .isInstanceOf(ParseException.class)
        .hasMessageContaining("nested too deeply");
    assertThatThrownBy(
            () -> parser.parse("foo[" + "(".repeat(9000) + "5m" + ")".repeat(9000) + "]"))
        .isInstanceOf(ParseException.class)
        .hasMessageContaining("nested too deeply");
  }

  @Test
  void refusesChainsThatMakeTheTreeTooDeep() {
    assertThatThrownBy(() -> parser.parse("a" + "+a".repeat(50_000)))
        .isInstanceOf(ParseException.class)
        .hasMessageContaining("nested too deeply");
  }

  @Test
  void parsesWhatIsJustNotTooDeep() throws Exception {
    Expr chain = parser.parse("a" + " + a".repeat(PromqlParser.MAX_DEPTH - 1));
    assertThat(Printer.print(chain)).hasSize(4 * PromqlParser.MAX_DEPTH - 3);
    Expr nested = parser.parse("(".repeat(300) + "a" + ")".repeat(300));
    assertThat(Printer.print(nested)).hasSize(601);
  }

  @Test
  void takesTimeLinearInTheLength() {
    String wide = "sum by (a) (rate({x=~\"a.*b\",y!=\"\"}[5m] offset -1m)) / on(b) group_left(c) d";
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(10),
        () -> {
          parser.parse("label_join(a, \"x\"" + ", \"y\"".repeat(50_000) + ")");
          StringBuilder b = new StringBuilder(wide);
          for (int i = 0; i < 400; i++) {
            b.append(" or ").append(wide);
          }
          parser.parse(b.toString());
        });
  }

  @Test
  void subqueriesInARowDoNotAskEachOtherForTheirPlace() {
    String query = "foo" + "[1d:1ms]".repeat(6_000);
    assertThatThrownBy(() -> parser.parse(query)).isInstanceOf(ParseException.class);
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    assertThatThrownBy(() -> parser.parse(query)).isInstanceOf(ParseException.class);
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(128L << 20);
  }

  @Test
  void takesKeywordsAsNamesWhereTheyCanBeNothingElse() throws Exception {
    for (String q :
        new String[] {
          "and and and",
          "or or or",
          "sum + sum",
          "by",
          "without{by=\"x\"}",
          "offset offset 5m",
          "start @ start()",
          "fill + fill",
          "sum(sum) by (sum)",
          "step[5m:step()]",
          "group_x"
        }) {
      Expr e = parser.parse(q);
      assertThat(Printer.print(parser.parse(Printer.print(e)))).isEqualTo(Printer.print(e));
    }
    for (String q : new String[] {"bool", "on", "ignoring", "group_left", "atan2", "inf{}"}) {
      assertThatThrownBy(() -> parser.parse(q)).isInstanceOf(ParseException.class);
    }
  }

  @Test
  void readsGroupLeftParenthesesAlwaysAsLabels() {
    assertThatThrownBy(() -> parser.parse("a + on(b) group_left (c)"))
        .isInstanceOf(ParseException.class)
        .hasMessageContaining("unexpected end of input");
  }

  @Test
  void keepsBytesThatAreNoText() throws Exception {
    Expr e = parser.parse("\"a\\xc5z\"");
    assertThat(((Expr.StringLiteral) e).value()).isEqualTo("a\udcc5z");
    assertThat(Printer.print(e)).isEqualTo("\"a\\xc5z\"");
    assertThat(((Expr.StringLiteral) parser.parse("\"\\xc3\\xa4\"")).value()).isEqualTo("ä");
  }

  @Test
  void countsPositionsInBytes() {
    assertThatThrownBy(() -> parser.parse("{a=\"ä\"} +\n *"))
        .isInstanceOf(ParseException.class)
        .hasMessage("2:2: parse error: unexpected <op:*>");
    assertThatThrownBy(() -> parser.parse("{a=\"ä\"} + *")).hasMessageStartingWith("1:12:");
  }

  @Test
  void refusesFunctionsThatAreSwitchedOff() {
    PromqlParser plain = new PromqlParser(ParserOptions.standard(ParseConformanceTest.RE2));
    assertThatThrownBy(() -> plain.parse("mad_over_time(a[5m])"))
        .hasMessageContaining("function \"mad_over_time\" is not enabled");
    assertThatThrownBy(() -> plain.parse("limitk(1, a)")).hasMessageContaining("experimental");
    assertThatThrownBy(() -> plain.parse("a[5m] anchored")).hasMessageContaining("experimental");
  }

  private void refuses(String query, String message) {
    assertThatThrownBy(() -> parser.parse(query)).hasMessage(message);
  }

  @Test
  void tellsFirstWhatIsWrongBeforeTheMisplacedToken() {
    refuses("um(foo[1m]))", "1:1: parse error: unknown function with name \"um\"");
    refuses("a - f() b", "1:5: parse error: unknown function with name \"f\"");
    refuses("f(g(1))", "1:3: parse error: unknown function with name \"g\"");
    refuses("1[5m] x", "1:2: parse error: ranges only allowed for vector selectors");
    refuses("{a=~\"(\" %", "1:2: parse error: error parsing regexp: missing closing ): `^(?s:()$`");
    refuses("round(a,@ 5", "1:8: parse error: trailing commas not allowed in function call args");
    refuses("foo[5m1h", "1:9: parse error: unclosed left bracket");
  }

  @Test
  void tellsInWhichPartOfTheLanguageATokenIsMisplaced() {
    refuses("sum(a=", "1:6: parse error: unexpected \"=\" in aggregation");
    refuses("sum a", "1:5: parse error: unexpected identifier \"a\"");
    refuses(
        "sum by (a b) (c)",
        "1:11: parse error: unexpected identifier \"b\" in grouping opts, expected \",\" or"
            + " \")\"");
    refuses("a \"a long text\"", "1:3: parse error: unexpected string \"\\\"a long te\"...");
    refuses(
        "a offset b(c)",
        "1:10: parse error: unexpected identifier \"b\" in offset, expected number, duration,"
            + " step(), or range()");
    refuses(
        "1e2.5 + 3e",
        "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"1e2.5\": invalid"
            + " syntax");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "''; unknown position: parse error: unexpected end of input",
        "'up['; 1:3: parse error: unexpected \"[\"",
        "'up[5m]'; 1:3: parse error: unexpected \"[\"",
        "'{a=\"b\"} offset 5m'; 1:9: parse error: unexpected <offset>",
        "'up{a=}['; 1:6: parse error: unexpected \"}\" in label matching, expected string",
        "'up{a'; 1:5: parse error: unexpected end of input inside braces",
        "'rate(up)'; 1:5: parse error: unexpected \"(\"",
        "'(up)'; 1:1: parse error: unexpected \"(\"",
        "'1'; 1:1: parse error: unexpected number \"1\"",
        "'sum + up'; 1:5: parse error: unexpected <op:+>"
      })
  void tellsWhereSomethingIsNoSelector(String text, String error) {
    assertThatThrownBy(() -> parser.parseSelector(text)).hasMessage(error);
  }

  @Test
  void selectorsMayMatchEverything() throws ParseException {
    assertThat(parser.parseSelector("{}").matchers()).isEmpty();
    assertThat(parser.parseSelector("{a=\"\"}").matchers()).hasSize(1);
    assertThat(parser.parseSelector("sum{a=\"b\"}").name()).isEqualTo("sum");
    assertThatThrownBy(() -> parser.parse("{}")).hasMessageContaining("non-empty matcher");
  }

  @Test
  void refusesLongTextsBeforeTheGrammarSeesThem() {
    String name = "x".repeat(PromqlParser.MAX_LENGTH + 1);
    assertThatThrownBy(() -> parser.parse(name))
        .isInstanceOfSatisfying(
            ParseException.class, e -> assertThat(e.limit()).isEqualTo(ParseException.Limit.LENGTH))
        .hasMessage(
            "1:1: parse error: expression is too long; at most 1048576 characters are supported,"
                + " got 1048577");
    String many = "1+".repeat(PromqlParser.MAX_TOKENS / 2) + "1";
    AtomicInteger begun = new AtomicInteger();
    PromqlParser watched =
        new PromqlParser(
            ParserOptions.everything(text -> value -> true),
            new PromqlParser.Progress() {
              @Override
              public void begin(int tokens) {
                begun.incrementAndGet();
              }

              @Override
              public void check() {}
            });
    assertThatThrownBy(() -> watched.parse(many))
        .isInstanceOfSatisfying(
            ParseException.class, e -> assertThat(e.limit()).isEqualTo(ParseException.Limit.TOKENS))
        .hasMessage(
            "1:1: parse error: expression is too long; at most 200000 tokens are supported");
    assertThat(begun).hasValue(0);
  }

  @Test
  void readsAListOfNamesThatFillsTheLimit() throws ParseException {
    String names = "a,".repeat(PromqlParser.MAX_TOKENS / 2 - 10);
    assertThat(parser.parse("sum by (" + names + "b) (x)")).isNotNull();
  }

  @Test
  void endsWhileItParsesWhenAskedTo() {
    AtomicInteger checks = new AtomicInteger();
    PromqlParser watched =
        new PromqlParser(
            ParserOptions.everything(text -> value -> true),
            () -> {
              if (checks.incrementAndGet() == 3) {
                throw new IllegalStateException("enough");
              }
            });
    String names = "a,".repeat(10_000);
    assertThatThrownBy(() -> watched.parse("sum by (" + names + "b) (x)")).hasMessage("enough");
    assertThat(checks).hasValue(3);
  }

  @Test
  void printsStringsAsGoQuotesThem() throws Exception {
    String invisible = "a{b=\"x\u00a0\u200b\ue000\\a\"}";
    assertThat(Printer.print(parser.parse(invisible)))
        .isEqualTo("a{b=\"x\\u00a0\\u200b\\ue000\\a\"}");
    assertThat(Printer.print(parser.parse("a{b=\"é☺😀\"}"))).isEqualTo("a{b=\"é☺😀\"}");
    assertThat(Printer.print(parser.parse("5e-324"))).endsWith("0005").hasSize(326);
  }

  @Test
  void refusesDurationsAsPrometheusDoes() {
    assertThatThrownBy(() -> parser.parse("a[18446744073709551616s]"))
        .isInstanceOf(ParseException.class)
        .hasMessageContaining("not a valid duration string: \"18446744073709551616s\"");
  }
}
