package io.narthex.text.re2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.re2j.Pattern;
import io.narthex.model.Matcher;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

final class Re2Test {
  @Test
  void fastPathsAgreeWithTheAutomaton() {
    List<String> patterns =
        List.of(
            "",
            "foo",
            "foo|bar",
            "foo|bar|",
            ".*",
            ".+",
            "foo.*",
            "foo.+",
            ".*foo",
            ".+foo",
            ".*foo.*",
            ".+foo.+",
            "a.*b.*c",
            "a.+b",
            "a.*.+b",
            "(a|b)c",
            "(?:a|b)?c",
            "[ab]x",
            "x[0-3]y?",
            "a\\.b",
            "^foo$",
            "^foo|bar$",
            "foo.*?",
            "(a|b.*)c",
            "a.c",
            "a*",
            "(?i)foo",
            "\\d+",
            "5..",
            "[^a]",
            "a{2}",
            "prod-(eu|us).*-[12]");
    List<String> texts =
        List.of(
            "",
            "foo",
            "bar",
            "foobar",
            "barfoo",
            "xfoox",
            "a",
            "ab",
            "abc",
            "axbxc",
            "ac",
            "bc",
            "c",
            "ax",
            "bx",
            "x0",
            "x3y",
            "x4y",
            "a.b",
            "axb",
            "aa",
            "FOO",
            "500",
            "foo\nbar",
            "a\nc",
            "prod-eu-1",
            "prod-us-west-2",
            "prod-eu",
            "bxxc",
            "aab",
            "foofoo",
            "12");
    for (String p : patterns) {
      Pattern oracle = Pattern.compile("^(?s:" + p + ")$");
      for (String t : texts) {
        assertThat(Re2.compile(p).test(t)).as("%s on %s", p, t).isEqualTo(oracle.matches(t));
      }
    }
  }

  @Test
  void knowsLiteralsAndPrefixes() {
    assertThat(Re2.compile("foo|^ba[rz]$").literals()).containsExactly("foo", "bar", "baz");
    assertThat(Re2.compile("foo.*").literals()).isNull();
    assertThat(Re2.compile("foo.*|fob").prefix()).isEqualTo("fo");
    assertThat(Re2.compile("a\uD83D\uDE00|a\uD83D\uDE01").prefix()).isEqualTo("a");
    assertThat(Re2.compile("(.*)").matchesAll()).isTrue();
    String[][] prefixes = {
      {"^web-[^x]+", "web-"},
      {"a\\.b\\d", "a.b"},
      {"abc*[^x]", "ab"},
      {"ab{0,2}[^x]", "a"},
      {"abc+[^x]", "abc"},
      {"a\uD83D\uDE00?[^x]", "a"},
      {"^?a[^x]", ""},
      {"(?i)ab[^x]", ""},
      {"ab[^x]|c", ""},
      {"\\Qab\\E[^x]", ""},
      {"", ""}
    };
    for (String[] p : prefixes) {
      assertThat(Re2.compile(p[0]).prefix()).as(p[0]).isEqualTo(p[1]);
    }
  }

  @Test
  void tellsWhatItsMatchesLookLikeThroughMatchers() {
    Matcher literals = Matcher.regex("a", "x|y", Re2.compile("x|y"));
    assertThat(Objects.requireNonNull(literals.compiled()).literals()).containsExactly("x", "y");
    Matcher prefix = Matcher.notRegex("a", "x[^y]", Re2.compile("x[^y]"));
    assertThat(Objects.requireNonNull(prefix.compiled()).prefix()).isEqualTo("x");
    assertThat(Matcher.regex("a", "x", "x"::equals).compiled()).isNull();
    assertThat(Matcher.equal("a", "x").compiled()).isNull();
  }

  @Test
  void errorsReadLikeThoseOfGo() {
    assertThatThrownBy(() -> Re2.compile("a("))
        .isInstanceOf(Re2SyntaxException.class)
        .hasMessage("error parsing regexp: missing closing ): `a(`");
    assertThatThrownBy(() -> Re2.compileAnchored("a("))
        .hasMessage("error parsing regexp: missing closing ): `^(?s:a()$`");
    assertThatThrownBy(() -> Re2.compile("*"))
        .hasMessage("error parsing regexp: missing argument to repetition operator: `*`");
    assertThatThrownBy(() -> Re2.compile("a)(?:b")).isInstanceOf(Re2SyntaxException.class);
  }

  @Test
  void expandsTemplates() {
    Re2 re = Re2.compileAnchored("(?P<first>[a-z]+)-([0-9]+)");
    assertThat(re.replace("abc-12", Template.of("$2/${first}/$1x/$$/${9}/$")))
        .isEqualTo("12/abc//$//$");
    assertThat(re.replace("abc-12", Template.of("${1}x"))).isEqualTo("abcx");
    assertThat(re.replace("abc", Template.of("x"))).isNull();
    assertThat(Re2.compileAnchored("(.*)").replace("q", Template.of("$1"))).isEqualTo("q");
    assertThat(Template.of("a$$b").text()).isEqualTo("a$b");
    assertThat(Template.of("${x").isConstant()).isTrue();
  }

  private static void refused(String pattern, String message) {
    assertThatThrownBy(() -> Re2.compile(pattern))
        .isInstanceOf(Re2SyntaxException.class)
        .hasMessage(message);
  }

  @Test
  void refusesNestedRepetitionsAsGoDoes() {
    refused(
        "(((a{1000}){1000}){1000}){1000}", "error parsing regexp: invalid repeat count: `{1000}`");
    refused("((a{100}){100}){100}", "error parsing regexp: invalid repeat count: `{100}`");
    refused("(a{3,}){400}?", "error parsing regexp: invalid repeat count: `{400}?`");
    refused("(?:(?:ab{2}|c){20}x){30}", "error parsing regexp: invalid repeat count: `{30}`");
    refused("a{1001}", "error parsing regexp: invalid repeat count: `{1001}`");
    refused("a{2}{3}", "error parsing regexp: invalid nested repetition operator: `{2}{3}`");
    assertThat(Re2.compile("(?:(?:a{10}){10}){10}").test("a".repeat(1000))).isTrue();
    assertThat(Re2.compile("(?:a{1000}){0}").test("")).isTrue();
    assertThat(Re2.compile("(?:a{1000})*b{1000}").test("b".repeat(1000))).isTrue();
    assertThat(Re2.compile("[{1000}](?:a{500}\\{3})").test("{" + "a".repeat(500) + "{3")).isFalse();
  }

  @Test
  void everyWayInRefusesTheSame() {
    String bomb = "((a{1000}){1000}){10}";
    assertThatThrownBy(() -> Re2.compileAnchored(bomb)).isInstanceOf(Re2SyntaxException.class);
    assertThatThrownBy(() -> Re2.compileForAlerts(bomb)).isInstanceOf(Re2SyntaxException.class);
    assertThatThrownBy(() -> Re2.compileSearch(bomb)).isInstanceOf(Re2SyntaxException.class);
  }

  @Test
  void refusesProgramsThatAreTooLargeAndGroupsThatAreTooDeep() {
    assertThatThrownBy(() -> Re2.compile("(?:[ab]c.){1000}".repeat(400)))
        .isInstanceOf(Re2SyntaxException.class)
        .hasMessageStartingWith("error parsing regexp: expression too large: `(?:[ab]c.){1000}");
    assertThatThrownBy(() -> Re2.compile("(".repeat(1500) + "x+" + ")".repeat(1500)))
        .hasMessageStartingWith("error parsing regexp: expression nests too deeply: `((((");
    assertThatThrownBy(() -> Re2.compile("\\pL".repeat(100_000)))
        .hasMessageStartingWith("error parsing regexp: expression too large: ");
    assertThat(Re2.compile("(".repeat(400) + "x+" + ")".repeat(400)).test("xx")).isTrue();
  }

  /** Prometheus answers these at once; the library alone takes the square of their length. */
  @Test
  void longLiteralsAreMatchedAtOnce() {
    String a = "a".repeat(1_000_000);
    String part = "a".repeat(200_000);
    String list =
        IntStream.range(0, 100_000).mapToObj(i -> "pod-" + i).collect(Collectors.joining("|"));
    String grouped = "ns-(" + list + ")";
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          assertThat(Re2.compile(a).test(a)).isTrue();
          assertThat(Re2.compileForAlerts(a).test(a + "b")).isFalse();
          assertThat(Re2.compile(list).literals()).hasSize(100_000);
          assertThat(Re2.compile(list).test("pod-99999")).isTrue();
          assertThat(Re2.compile(part + "[0-9]+").test(part + "17")).isTrue();
          assertThat(Re2.compile("(?i)" + part).test("A" + part.substring(1))).isTrue();
          assertThat(Re2.compileSearch(part).find("b")).isFalse();
          assertThat(Re2.compile("\\Q" + part + "\\E\\d").test(part + "1")).isTrue();
          assertThat(Re2.compile(grouped).test("ns-pod-1")).isTrue();
        });
  }

  /** The library alone walks along all alternatives for each. */
  @Test
  void manyAlternativesCompileInLinearTime() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(30),
        () -> {
          String many =
              IntStream.range(0, 30_000)
                  .mapToObj(i -> "x" + i + "[ab]+")
                  .collect(Collectors.joining("|"));
          Re2 re = Re2.compileSearch(many);
          assertThat(re.find("x29999ab")).isTrue();
          assertThat(re.find("y29999ab")).isFalse();
          for (String part : PatternScan.of(many, many).broken().split("\\(\\?:\\)", -1)) {
            assertThat(part.chars().filter(c -> c == '|').count()).isLessThanOrEqualTo(256);
          }
        });
  }

  @Test
  void breaksDoNotChangeWhatMatches() {
    Random random = new Random(11);
    for (int round = 0; round < 40; round++) {
      StringBuilder p = new StringBuilder();
      for (int i = 0; i < 900; i++) {
        int what = random.nextInt(40);
        p.append(
            what == 0 ? "x?" : what == 1 ? "(y|z)" : what == 2 ? "\\." : what == 3 ? "|" : "ab");
      }
      String plain = p + "|" + "q|".repeat(600) + "(r{2}|" + "s|".repeat(300) + "t)u+";
      Pattern oracle = Pattern.compile("^(?s:" + plain + ")$");
      Re2 re = Re2.compile(plain);
      for (String part : List.of("q", "rru", "suu", "tu", "ru", "", "abab", p.toString())) {
        assertThat(re.test(part)).as(part).isEqualTo(oracle.matches(part));
      }
      for (String text : plain.split("\\|", -1)) {
        assertThat(re.test(text)).as(text).isEqualTo(oracle.matches(text));
      }
    }
  }

  @Test
  void dotOfAlertMatchersDoesNotMatchALineFeed() {
    assertThat(Re2.compileForAlerts("a.*b").test("a\nb")).isFalse();
    assertThat(Re2.compileForAlerts("a.*b").test("axb")).isTrue();
    assertThat(Re2.compileForAlerts("a\nb|c").test("a\nb")).isTrue();
    assertThat(Re2.compile("a.*b").test("a\nb")).isTrue();
  }

  @Test
  void cacheIsBoundedByWhatItHolds() {
    for (int i = 0; i < 5000; i++) {
      Re2.compile(("v" + i + "|").repeat(2000));
      Re2.compile("v" + i + "[a-z]+" + "(x|y+)".repeat(20));
    }
    assertThat(Re2.cachedBytes()).isLessThan(2 * Re2.MAX_CACHED_BYTES);
  }

  @Test
  void combinationsOfLongLiteralsAreNotWrittenOut() {
    String a = "a".repeat(50_000);
    String b = "b".repeat(50_000);
    GlobSet written = GlobSet.of(("(" + a + "|" + b + ")").repeat(6));
    assertThat(written == null).isTrue();
  }

  @Test
  void replacesAllAsTemplatesDo() {
    Re2 re = Re2.compileSearch("(a)(b)?");
    assertThat(re.replaceAll("xabya", Template.of("<$1$2>"), 100)).isEqualTo("x<ab>y<a>");
    assertThat(re.replaceAll("a".repeat(50), Template.of("$1$1"), 60)).isNull();
  }

  @Test
  void thousandsOfOptionalPartsInARowMatch() {
    for (String piece : new String[] {"(?:.*)", "a?", "(?:b|)"}) {
      Re2 re = Re2.compile(piece.repeat(5000));
      assertThat(re.matches("")).as(piece).isTrue();
      assertThat(re.matches("a\nc")).as(piece).isEqualTo(piece.equals("(?:.*)"));
    }
    Re2 search = Re2.compileSearch("x" + "(?:.*)".repeat(5000));
    assertThat(search.find("yx")).isTrue();
    assertThat(search.replaceAll("yx", Template.of("<$0>"), 100)).isEqualTo("y<x>");
    assertThat(Re2.compileAnchored("(.*)" + "c?".repeat(5000)).replace("ab", Template.of("$1")))
        .isEqualTo("ab");
  }

  /** The library alone copies the rest of the text at each of these. */
  @Test
  void groupsEscapesAndClassesAreReadWithoutCopies() {
    for (String pattern :
        new String[] {
          "(?s:.)".repeat(10_000),
          "(?P<a>\\d)" + "(?:\\.|\\d)".repeat(6_000),
          "[" + "[".repeat(60_000) + "]",
          "[" + "\\w.".repeat(20_000) + "]",
          "[[:alpha:]]".repeat(5_000),
          "\\d\\.".repeat(12_000),
          "\\Q.\\E.".repeat(10_000)
        }) {
      assertThat(allocated(() -> Re2.compileAnchored(pattern)))
          .as(pattern.substring(0, 20))
          .isLessThan(100L << 20);
    }
  }

  private static long allocated(Runnable work) {
    work.run(); // loads classes
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    work.run();
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  @Test
  void longTextsThatAreNoExpressionsAreRefused() {
    for (String pattern :
        new String[] {"(" + "[".repeat(8000) + "]".repeat(8000), "(h" + "\\Q".repeat(4000) + ")"}) {
      assertThatThrownBy(() -> Re2.compileAnchored(pattern))
          .isInstanceOf(Re2SyntaxException.class)
          .hasMessageContaining("expression too large");
    }
  }

  /** Joining the literal once more, for a message without our breaks, took 3 GiB. */
  @Test
  void wrongEscapesBehindLongLiteralsAreRefusedAtOnce() {
    String pattern = "x".repeat(60_000) + "\\u" + "y".repeat(5_000);
    assertThat(
            allocated(
                () -> refused(pattern, "error parsing regexp: invalid escape sequence: `\\u`")))
        .isLessThan(200L << 20);
  }

  @Test
  void whatOnlyLooksLikeAQuotationIsReadToItsEnd() {
    assertThat(Re2.compile("\\\\Q(?:x|y)+").test("\\Qxy")).isTrue();
    assertThat(Re2.compile("\\Q(?:x\\E(?:y)+").test("(?:xyy")).isTrue();
    assertThat(Re2.compile("\\Q[:x\\E[[:digit:]]+").test("[:x17")).isTrue();
    assertThat(Re2.compile("\\\\p{(?:x|y)+}").test("\\p{x}")).isTrue();
    assertThat(Re2.compile("[[:digit:]\\p{Greek}[:]+").matches("1[:")).isTrue();
    assertThat(Re2.compile("(?P<x>\\p{Lu})(?i:b)\\x{63}").matches("ABc")).isTrue();
    assertThatThrownBy(() -> Re2.compile("[[:x]y:]z]"))
        .hasMessage("error parsing regexp: invalid character class range: `[:x]y:]`");
    assertThatThrownBy(() -> Re2.compile("(?P<x"))
        .hasMessage("error parsing regexp: invalid named capture: `(?P<x`");
    assertThatThrownBy(() -> Re2.compile("a\\p{x"))
        .hasMessage("error parsing regexp: invalid character class range: `\\p{x`");
  }

  /** The library alone never comes back from nine letters of Unicode 9. */
  @Test
  void charactersThatDifferInCaseOnlyFormARing() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(30),
        () -> {
          for (String letters :
              List.of("Вв\u1c80", "Тт\u1c84\u1c85", "\ua64a\ua64b\u1c88", "Kk\u212a")) {
            for (char one : letters.toCharArray()) {
              Re2 literal = Re2.compile("(?i)" + one + "+");
              Re2 range = Re2.compile("(?i)[" + one + "-" + one + "]+");
              assertThat(literal.matches(letters)).as(letters + one).isTrue();
              assertThat(range.matches(letters)).as(letters + one).isTrue();
              assertThat(literal.matches("x")).isFalse();
            }
          }
          assertThat(Re2.compile("(?i)[a-\ufffd]+").matches("Вв\u1c80")).isTrue();
          for (int c = 'A'; c <= 0x1044f; c++) {
            if (Character.isLetter(c)) {
              String letter = Character.toString(c);
              assertThat(Re2.compileSearch("(?i)" + letter + "|:").find(letter)).isTrue();
            }
          }
        });
  }

  @Test
  void rangesWhoseOtherCaseIsLookedUpAreBounded() {
    assertThat(Re2.compile("(?i)" + "[а-я\\x{100}-\\x{ffff}]".repeat(50)).matches("")).isFalse();
    assertThatThrownBy(() -> Re2.compile("(?i)" + "[b-\ufffd]".repeat(10_000)))
        .hasMessageContaining("expression too large");
  }

  /** Three of the counts stand for 10¹² copies; with zeros in front they are no count. */
  @Test
  void countsWithZerosInFrontAreText() {
    refused(
        "(((a{1000}){1,000}){1000}){1000}", "error parsing regexp: invalid repeat count: `{1000}`");
    assertThat(Re2.compile("a{01}").matches("a{01}")).isTrue();
    assertThat(Re2.compile("a{1,00}").matches("a{1,00}")).isTrue();
    assertThat(Re2.compile("a{0}b{0,1}").matches("b")).isTrue();
  }

  /** A relabelling rule's expression need not stand alone, as in Prometheus. */
  @Test
  void limitsHoldForExpressionsThatFitTheirAnchorsOnly() {
    assertThat(Re2.compileAnchored("a)|(?:b").matches("b")).isTrue();
    for (String pattern :
        new String[] {"a)(((a{1000}){1000}){1000}(?:", "a)|(?:((b{100}){100}){100}"}) {
      assertThatThrownBy(() -> Re2.compileAnchored(pattern)).isInstanceOf(Re2SyntaxException.class);
      assertThatThrownBy(() -> Re2.compileForAlerts(pattern))
          .isInstanceOf(Re2SyntaxException.class);
    }
  }

  @Test
  void tooManyGroupsForTheirProgramAreRefused() {
    assertThat(Re2.compile("(a)(b?)".repeat(300)).matches("a".repeat(300))).isTrue();
    assertThatThrownBy(() -> Re2.compile("(.*)".repeat(8000)))
        .isInstanceOf(Re2SyntaxException.class)
        .hasMessageContaining("expression too large");
  }
}
