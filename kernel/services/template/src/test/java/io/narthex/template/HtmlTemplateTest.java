package io.narthex.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import java.time.Clock;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What html/template makes of templates; the dot holds {@code x}. All as amtool renders them. */
class HtmlTemplateTest {
  private final DefaultTemplateService service =
      DefaultTemplateService.standalone(Clock.systemUTC());

  private String html(String template) {
    Map<String, String> labels = Map.of("x", "q \"u\" & '+/?#");
    return service.renderer(LabelMap.withPairs(labels), Map.of()).html(template);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '\u0001',
      value = {
        "{{ .x | html }} => q &#34;u&#34; &amp; &#39;+/?#",
        "{{ html .x }} => q &#34;u&#34; &amp; &#39;+/?#",
        "{{ .x | urlquery }} => q&#43;%22u%22&#43;%26&#43;%27%2B%2F%3F%23",
        "{{ urlquery .x }} => q&#43;%22u%22&#43;%26&#43;%27%2B%2F%3F%23",
        "<a href=\"/x?q={{ .x | urlquery }}\"> => <a href=\"/x?q=q&#43;%22u%22&#43;%26&#43;%27%2B%2F%3F%23\">",
        "<a href=\"/x?q={{ urlquery .x }}\"> => <a href=\"/x?q=q&#43;%22u%22&#43;%26&#43;%27%2B%2F%3F%23\">",
        "<a href=\"/{{ .x | urlquery }}\"> => <a href=\"/q&#43;%22u%22&#43;%26&#43;%27%2B%2F%3F%23\">",
        "<a href=\"/x?{{ \"c d\" | urlquery \"a\" }}\"> => <a href=\"/x?c&#43;d\">",
        "<a title=\"{{ .x | html }}\"> => <a title=\"q &#34;u&#34; &amp; &#39;+/?#\">",
        "<a title={{ .x | urlquery }}> => <a title=q&#43;%22u%22&#43;%26&#43;%27%2B%2F%3F%23>",
        "<a href={{ .x | urlquery }}/{{ .x | html }}> => <a href=q&#43;%22u%22&#43;%26&#43;%27%2B%2F%3F%23/q%20&amp;#34;u&amp;#34;%20&amp;amp;%20&amp;#39;&#43;/?#>",
        "<a href=\"{{ .x | html }}\"> => <a href=\"q%20%22u%22%20&amp;%20%27+/?#\">",
        "<a href=\"{{ \"javascript:x\" | urlquery }}\"> => <a href=\"%23ZgotmplZ\">",
        "<a href=\"{{ safeUrl \"javascript:x\" | urlquery }}\"> => <a href=\"javascript%3Ax\">",
        "<a href=\"{{ urlquery (safeUrl \"javascript:x\") }}\"> => <a href=\"%23ZgotmplZ\">",
        "<script>a = {{ \"a<b\" | html }}; b = \"{{ \"a<b\" | html }}\"</script> => <script>a = \"a\\u0026lt;b\"; b = \"a\\u0026lt;b\"</script>",
        "<title>{{ \"a<+\" | html }}</title> => <title>a&lt;+</title>",
        "{{ safeHtml \"<b>\" | html }}{{ safeHtml \"<b>\" | urlquery }} => &lt;b&gt;%3Cb%3E",
        "{{ html \"a\" 1 \"b\" }}{{ \"c\" | html \"a\" }}{{ html }} => a1bc",
        "{{ (dict \"a\" 1).b | html }} {{ (dict \"a\" 1).b | urlquery }} => &lt;no value&gt; %3Cno&#43;value%3E",
        "{{ $h := .x | html }}{{ $h }} => q &amp;#34;u&amp;#34; &amp;amp; &amp;#39;&#43;/?#"
      })
  void anEscaperAtTheEndOfAnActionTakesThePlaceOfThePages(String template, String expected) {
    assertThat(html(template)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '\u0001',
      value = {
        "{{ .x | html | toUpper }} => html/template::1:3: predefined escaper \"html\" disallowed in template",
        "a{{ urlquery .x | html }} => html/template::1:4: predefined escaper \"urlquery\" disallowed in template",
        "<a title={{ .x | html }}> => html/template::1:12: predefined escaper \"html\" disallowed in template"
      })
  void refusesAnEscaperInAnotherPlace(String template, String message) {
    assertThatThrownBy(() -> html(template))
        .isInstanceOf(TemplateException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '\u0001',
      value = {
        "<a href=\"{{ \"http://h/p?a\" }}&x={{ \"b/c?\" }}\"> => <a href=\"http://h/p?a&x=b/c?\">",
        "<a href=\"{{ \"http://h/p?a\" }}{{ \"b/c\" }}\"> => <a href=\"http://h/p?ab/c\">",
        "<a href=\"  {{ \"javascript:x\" }}\"> => <a href=\"  #ZgotmplZ\">",
        "<a href=\"{{ \"a\" }}{{ \"javascript:x\" }}\"> => <a href=\"a#ZgotmplZ\">"
      })
  void onlyTheTemplatesTextMovesThePlaceInAUrl(String template, String expected) {
    assertThat(html(template)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '\u0001',
      value = {
        "<p style=\"c: {{ \"a:b\" }}; w: {{ \"10px\" }}; f: {{ \"#fff\" }}; e: {{ \"1+1=2&\" }}\"> => <p style=\"c: a:b; w: 10px; f: #fff; e: 1&#43;1=2&amp;\">",
        "<p style=\"a: {{ \"rgb(1,2)\" }}; b: {{ \"url(x)\" }}; c: {{ \"a--b\" }}; d: {{ \"ex-pression\" }}; e: {{ \"expression\" }}\"> => <p style=\"a: ZgotmplZ; b: ZgotmplZ; c: ZgotmplZ; d: ZgotmplZ; e: ZgotmplZ\">",
        "<p style=\"b: url({{ \"http://x/y z\" }}); c: {{ \"a/b\" }}\"> => <p style=\"b: url(http://x/y%20z); c: ZgotmplZ\">",
        "<p style='b: url( \"{{ \"javascript:x\" }}\" )'> => <p style='b: url( \"#ZgotmplZ\" )'>",
        "<style>b: url(x?{{ \"a/b\" }}) url({{ \"a b\" | urlquery }}) {{ \"x\" | urlquery }}</style> => <style>b: url(x?a%2fb) url(a+b) x</style>",
        "<style>p { content: \"{{ \"a:b\" }}\" \"x{{ \"a:b<\" }}\" \"x?{{ \"a:b\" }}\" }</style> => <style>p { content: \"#ZgotmplZ\" \"xa\\3a b\\3c \" \"x?a%3ab\" }</style>",
        "<p style=a:{{ \"b c\" }}> => <p style=a:b&#32;c>"
      })
  void valuesInStylesAreThoseOfGo(String template, String expected) {
    assertThat(html(template)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '\u0001',
      value = {
        "<script>{{ . }};{{ .SortedPairs }};{{ .Names }}</script> => <script>\"x=q \\\"u\\\" \\u0026 '+/?#\";\"x=q \\\"u\\\" \\u0026 '+/?#\";[\"x\"]</script>",
        "<script>{{ $t := toDate \"2006\" \"2026\" }}{{ $t.Sub $t }};{{ $t.Month }}</script> => <script>\"0s\";\"January\"</script>"
      })
  void scriptsPreferTheTextOfAValue(String template, String expected) {
    assertThat(html(template)).isEqualTo(expected);
  }
}
