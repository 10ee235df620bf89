package io.narthex.format.re2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.re2j.Pattern;
import java.util.List;
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
    assertThat(Re2.compile("foo|ba[rz]").literals()).containsExactlyInAnyOrder("foo", "bar", "baz");
    assertThat(Re2.compile("foo.*").literals()).isNull();
    assertThat(Re2.compile("foo.*|fob").prefix()).isEqualTo("fo");
    assertThat(Re2.compile("(.*)").matchesAll()).isTrue();
    assertThat(Re2.compile(".+").matchesAnyNonEmpty()).isTrue();
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
}
