package io.narthex.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.model.NativeHistogram;
import io.narthex.service.query.QueryResult;
import io.narthex.service.template.TemplateService.ConsoleData;
import io.narthex.service.template.TemplateService.RuleData;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@NullUnmarked
class GoTemplateTest {
  private final DefaultTemplateService service =
      DefaultTemplateService.standalone(Clock.systemUTC());

  private final RuleData data =
      new RuleData(
          Labels.of("__name__", "up", "instance", "db-1.example.org:9100", "job", "node"),
          1234567.0,
          Labels.of("region", "eu"),
          "http://h:9090/p",
          1_700_000_000_000L,
          (q, t) ->
              new QueryResult(
                  new QueryResult.Data.Vector(
                      List.of(
                          new QueryResult.VectorSample(Labels.of("i", "b"), t, 2, null),
                          new QueryResult.VectorSample(Labels.of("i", "a"), t, 1.5, null))),
                  List.of(),
                  List.of(),
                  null));

  private String expand(String template) {
    return service.expandRule("__alert_T", template, data);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '\u0001',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "{{ $labels.job }}/{{ .Labels.nope }}/{{ $value }} => node//1.234567e+06",
        "{{ $value | humanize }} => 1.235M",
        "{{ humanize1024 1048576.0 }} => 1Mi",
        "{{ humanizePercentage 0.1234 }} => 12.34%",
        "{{ humanizeTimestamp 1435065584.128 }} => 2015-06-23 13:19:44.128 +0000 UTC",
        "{{ humanizeTimestamp 1763633472.123 }} => 2025-11-20 10:11:12.122 +0000 UTC",
        "{{ range query \"up\" | sortByLabel \"i\" }}{{ .Labels.i }}={{ .Value }};{{ end }} => a=1.5;b=2;",
        "{{ with query \"up\" }}{{ . | first | value | printf \"%.2f\" }}{{ end }} => 2.00",
        "{{ query \"up\" | first | label \"i\" }} => b",
        "{{ range $i, $e := query \"x\" }}{{ if $i }},{{ end }}{{ $e.Value }}{{ end }} => 2,1.5",
        "{{ range $k, $v := .Labels }}{{ $k }} {{ end }} => __name__ instance job ",
        "{{ if and (eq $labels.job \"node\") (gt $value 5.0) }}y{{ else }}n{{ end }} => y",
        "{{ if not true }}a{{ else if eq 1 2 3 1 }}b{{ else }}c{{ end }} => b",
        "{{- /* c */ -}} x {{- \" y\" }} => x y",
        "{{ define \"t\" }}<{{ . }}>{{ end }}{{ template \"t\" \"q\" }} => <q>",
        "{{ block \"b\" 3 }}{{ . }}{{ end }} => 3",
        "{{ $x := 1 }}{{ range 3 }}{{ $x = . }}{{ end }}{{ $x }} => 2",
        "{{ range 5 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ if eq . 3 }}{{ break }}{{ end }}{{ . }}{{ end }} => 02",
        "{{ range args }}x{{ else }}none{{ end }} => none",
        "{{ printf \"%5.1f|%-5s|%05d|%x|%q|%v|%T\" 3.14159 \"ab\" 42 255 \"h\" true 1.5 }} =>   3.1|ab   |00042|ff|\"h\"|true|float64",
        "{{ printf \"%d %s\" \"x\" }} => %!d(string=x) %!s(MISSING)",
        "{{ printf \"a\" 1 }} => a%!(EXTRA int=1)",
        "{{ print 1 2 \"a\" 3 }} => 1 2a3",
        "{{ len \"äb\" }} {{ index .Labels \"job\" }} {{ slice \"abcd\" 1 3 }} => 3 node bc",
        "{{ \"a b&c\" | urlquery }} {{ \"<'>\" | html }} {{ js \"it's\" }} => a+b%26c &lt;&#39;&gt; it\\'s",
        "{{ stripPort $labels.instance }} {{ stripDomain $labels.instance }} => db-1.example.org db-1:9100",
        "{{ stripPort \"[::1]:80\" }} {{ stripDomain \"10.0.0.1:80\" }} => ::1 10.0.0.1:80",
        "{{ title \"ß aB\" }} => Ss AB",
        "{{ title \"hello wOrld\" }} {{ toUpper \"a\" }} {{ toLower \"B\" }} => Hello WOrld A b",
        "{{ match \"[0-9]+\" \"a1\" }} {{ reReplaceAll \"(a)(b)\" \"$2${1}x\" \"abab\" }} => true baxbax",
        "{{ graphLink \"up == 0\" }} => /graph?g0.expr=up+%3D%3D+0&g0.tab=0",
        "{{ pathPrefix }} {{ externalURL }} {{ $externalURL }} {{ $externalLabels.region }} => /p http://h:9090/p http://h:9090/p eu",
        "{{ now }} {{ parseDuration \"1h30m\" }} => 1.7e+09 5400",
        "{{ (toTime 0.5).UTC.Format \"15:04:05.000\" }} {{ toDuration 90.5 }} => 00:00:00.500 1m30.5s",
        "{{ with $a := args 1 \"b\" }}{{ $a.arg0 }}{{ .arg1 }}{{ .arg2 }}{{ end }} => 1b<no value>",
        "{{ 5e-324 }} {{ printf \"%g\" 5e-324 }} => 5e-324 5e-324",
        "{{ \"\\xe2\\x82|\\xe2\\x82\\xac\" }} {{ '\\'' }} {{ '\"' }} {{ '\\xff' }} => \uFFFD\uFFFD|\u20ac 39 34 255",
        "{{ 1e3 }} {{ 0x1F }} {{ 'a' }} {{ 1.0 }} {{ -3 }} => 1000 31 97 1 -3",
        "{{ eq \"a\" \"b\" \"a\" }} {{ ne 1 2 }} {{ lt 1.5 2.5 }} {{ le \"a\" \"a\" }} {{ ge 2 3 }} => true true true true false",
        "{{ or 0 \"\" \"x\" }} {{ and 1 0 2 }} => x 0",
        "{{ humanizeDuration 0.0012 }} {{ humanizeDuration 93784.0 }} => 1.2ms 1d 2h 3m 4s"
      })
  void expandsAsGoDoes(String template, String expected) {
    assertThat(expand(template)).isEqualTo(expected);
  }

  private String expandOnHistograms(String template) {
    NativeHistogram h =
        NativeHistogram.builder()
            .schema(0)
            .count(3)
            .sum(4.5)
            .positive(new int[] {1, 1}, new double[] {3})
            .build();
    return service.expandRule(
        "__alert_T",
        template,
        new RuleData(
            Labels.of("i", "a"),
            h,
            Labels.EMPTY,
            "http://h:9090/p",
            0,
            (q, t) ->
                new QueryResult(
                    new QueryResult.Data.Vector(
                        List.of(new QueryResult.VectorSample(Labels.of("i", "a"), t, 0, h))),
                    List.of(),
                    List.of(),
                    null)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '\u0001',
      value = {
        "{{ $value }} => {count:3, sum:4.5, (1,2]:3}",
        "{{ query \"h\" | first | value }} => {count:3, sum:4.5, (1,2]:3}",
        "{{ range query \"h\" }}{{ .Value }}{{ end }} => {count:3, sum:4.5, (1,2]:3}",
        "{{ printf \"%s %v %T\" $value $value $value }} => {count:3, sum:4.5, (1,2]:3} {count:3, sum:4.5, (1,2]:3} *histogram.FloatHistogram",
        "{{ with query \"h\" | first | value }}{{ .Count }} {{ .Sum }}{{ end }} => 3 4.5"
      })
  void printsNativeHistogramsAsPrometheusDoes(String template, String expected) {
    assertThat(expandOnHistograms(template)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '\u0001',
      value = {
        "{{ humanize $value }} => error calling humanize: can't convert *histogram.FloatHistogram to float",
        "{{ query \"h\" | first | value | humanize }} => error calling humanize: can't convert *histogram.FloatHistogram to float",
        "{{ gt $value 1.0 }} => invalid type for comparison"
      })
  void refusesNativeHistogramsForNumbers(String template, String message) {
    assertThatThrownBy(() -> expandOnHistograms(template))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining(message);
  }

  @Test
  void placesAnErrorOfAMemberWhateverItsMessage() {
    GoObject dot =
        new GoObject() {
          @Override
          public Object member(String name, List<Object> arguments) {
            throw new GoTemplateException("template: is what its text begins with");
          }

          @Override
          public String print() {
            return "";
          }

          @Override
          public Object json() {
            return "";
          }

          @Override
          public String typeName() {
            return "T";
          }
        };
    assertThatThrownBy(() -> service.renderer(dot, Map.of()).text("{{ .X }}"))
        .isInstanceOf(TemplateException.class)
        .hasMessage(
            "template: :1:3: executing \"\" at <.X>: error calling X: template: is what its text"
                + " begins with");
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '\u0001',
      value = {
        "{{ foo }} => function \"foo\" not defined",
        "{{ $foo }} => undefined variable \"$foo\"",
        "{{ if true }} => unexpected EOF",
        "{{ end }} => unexpected {{end}}",
        "{{ \"a => unterminated quoted string",
        "{{ ( 1 }} => unclosed left paren",
        "{{ break }} => {{break}} outside {{range}}",
        "{{ if }}x{{ end }} => missing value for if",
        "{{ \"\\ud800\" }} => invalid syntax",
        "{{ 1e999 }} => illegal number syntax: \"1e999\""
      })
  void refusesWhatGoRefuses(String template, String message) {
    assertThatThrownBy(() -> service.checkRule("__alert_T", template))
        .isInstanceOf(TemplateException.class)
        .hasMessageStartingWith("template: __alert_T:1: ")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '\u0001',
      value = {
        "{{ gt $value 5 }} => incompatible types for comparison",
        "{{ query \"up\" | first | label 3 }} => wrong type for value",
        "{{ index $labels 1 }} => wrong type for value",
        "{{ .Nope }} => can't evaluate field Nope",
        "{{ template \"none\" }} => template \"none\" not defined",
        "{{ humanize \"1e999\" }} => strconv.ParseFloat: parsing \"1e999\": value out of range",
        "{{ humanize \"-nan\" }} => strconv.ParseFloat: parsing \"-nan\": invalid syntax",
        "{{ humanize }} => wrong number of args for humanize: want 1 got 0"
      })
  void failsWhereGoFails(String template, String message) {
    assertThatThrownBy(() -> expand(template))
        .isInstanceOf(TemplateException.class)
        .hasMessageStartingWith("error executing template __alert_T: template: __alert_T:1:")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ range 1000000000 }}{{ end }}",
        "{{ range 100000000 }}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{ end }}",
        "{{ define \"t\" }}{{ template \"t\" . }}{{ end }}{{ template \"t\" . }}",
        "{{ $x := \"xxxxxxxxxxxxxxxx\" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}",
        "{{ $x := args 1 }}{{ range 100 }}{{ $x = args $x $x }}{{ end }}{{ $x }}",
        "{{ printf \"%999999999d\" 1 | len }}{{ range 3000000 }}{{ end }}"
      })
  void boundsWhatATemplateCosts(String template) {
    assertThatThrownBy(() -> expand(template)).isInstanceOf(TemplateException.class);
  }

  @Test
  void deepNestingIsRefusedNotOverflowing() {
    String deep = "{{ " + "(".repeat(5000) + "1" + ")".repeat(5000) + " }}";
    assertThatThrownBy(() -> expand(deep)).isInstanceOf(TemplateException.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '\u0001',
      value = {
        "<p title=\"{{ .Path }}\">{{ .Path }}</p> => <p title=\"&lt;a b=&#34;c&#34;&gt;\">&lt;a b=&#34;c&#34;&gt;</p>",
        "<a href=\"{{ \"javascript:x()\" }}\"></a> => <a href=\"#ZgotmplZ\"></a>",
        "<a href=\"/x/{{ \"a b?\" }}\"></a> => <a href=\"/x/a%20b?\"></a>",
        "<script>var x = {{ .Path }};</script> => <script>var x = \"\\u003ca b=\\\"c\\\"\\u003e\";</script>",
        "<script>var x = '{{ \"it's\" }}';</script> => <script>var x = 'it\\u0027s';</script>",
        "<b {{ \"onclick\" }}=1> => <b ZgotmplZ=1>",
        "a<!-- {{ .Path }} -->b => ab",
        "<p>{{ safeHtml \"<i>\" }}</p> => <p><i></p>"
      })
  void consolesEscapeByContext(String template, String expected) {
    String got =
        service.expandConsole(
            "c",
            template,
            Map.of(),
            new ConsoleData("", Map.of(), "<a b=\"c\">", "http://h", 0, null));
    assertThat(got).isEqualTo(expected);
  }

  private String notify(String template) {
    return service.renderer((Object) null, Map.of()).text(template);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '\u0001',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "{{ title \"hello wORLD don't\" }} => Hello World Don't",
        "{{ (toDate \"2006\" \"0001\").Sub (toDate \"2006\" \"2026\") }} => -2562047h47m16.854775808s",
        "{{ title \"ßx straße ǆ\" }} => Ssx Straße ǅ",
        "{{ trimSpace \" \\u00a0\\u0085 x\\u2003\\u3000\" }}| => x|",
        "{{ $t := toDate \"2006-01-02T15:04:05Z07:00\" \"2026-01-02T10:11:12+02:00\" }}{{ $t.Add 28800e9 }} {{ $t.Add 0x1p10 }} => 2026-01-02 18:11:12 +0200 +0200 2026-01-02 10:11:12.000001024 +0200 +0200",
        "{{ $t := toDate \"2006-01-02T15:04:05Z07:00\" \"2026-01-02T10:11:12+02:00\" }}{{ $t.Add 5. }} {{ $t.Add -28800e9 }} => 2026-01-02 10:11:12.000000005 +0200 +0200 2026-01-02 02:11:12 +0200 +0200",
        "{{ $t := toDate \"2006-01-02T15:04:05Z07:00\" \"2026-01-02T10:11:12+02:00\" }}{{ $t.AddDate 0 0 1e0 }} {{ $t.AddDate 0 1.0 0 }} => 2026-01-03 10:11:12 +0200 +0200 2026-02-02 10:11:12 +0200 +0200",
        "{{ $t := toDate \"2006-01-02T15:04:05Z07:00\" \"2026-01-02T10:11:12+02:00\" }}{{ $t.Truncate 6e10 }} {{ $t.Round 6e10 }} => 2026-01-02 10:11:00 +0200 +0200 2026-01-02 10:11:00 +0200 +0200",
        "{{ $t := toDate \"2006-01-02T15:04:05Z07:00\" \"2026-01-02T10:11:12+02:00\" }}{{ ($t.Sub ($t.Add -55e8)).Truncate 1e9 }} {{ ($t.Sub ($t.Add -55e8)).Round 1e9 }} => 5s 6s",
        "{{ $t := toDate \"2006-01-02T15:04:05Z07:00\" \"2026-01-02T10:11:12+02:00\" }}{{ (toDate \"2006\" \"2026\").Add 1e9 }} {{ $t.Add 1_000 }} => 2026-01-01 00:00:01 +0000 UTC 2026-01-02 10:11:12.000001 +0200 +0200",
        "{{ $t := toDate \"2006-01-02T15:04:05Z07:00\" \"2026-01-02T10:11:12+02:00\" }}{{ printf \"%d %v %s %T %x %q %#v\" $t.Month $t.Month $t.Month $t.Month $t.Month $t.Month $t.Month }} => 1 January January time.Month 4a616e75617279 \"January\" 1",
        "{{ $t := toDate \"2006-01-02T15:04:05Z07:00\" \"2026-01-02T10:11:12+02:00\" }}{{ eq $t.Month 1 }} {{ lt $t.Month 3 }} {{ $t.Weekday | printf \"%d\" }} {{ $t.Compare $t }} => true true 5 0",
        "{{ $t := toDate \"2006-01-02T15:04:05Z07:00\" \"2026-01-02T10:11:12+02:00\" }}[{{ $t.Location }}] {{ $t.UTC.Location }} {{ (tz \"Asia/Tokyo\" $t).Location.String }} => [] UTC Asia/Tokyo",
        "{{ toUpper \"straße\" }} => STRAßE",
        "{{ toLower \"İX\" }} => ix",
        "{{ printf \"%x\" 3.5 }} => 0x1.cp+01",
        "{{ printf \"%x %X\" 1.0 0.0 }} => 0x1p+00 0X0P+00",
        "{{ printf \"%x\" 5e-324 }} => 0x1p-1074",
        "{{ printf \"%#v %#v %#v\" \"a\" 1 2.5 }} => \"a\" 1 2.5",
        "{{ $t := toDate \"2006-01-02 15:04:05\" \"2026-01-02 03:04:05\" }}{{ ($t.Sub ($t.Add -5500000000)).Truncate 1000000000 }} => 5s",
        "{{ $t := toDate \"2006-01-02 15:04:05\" \"2026-01-02 03:04:05\" }}{{ ($t.Sub ($t.Add -5500000000)).Round 1000000000 }} => 6s",
        "{{ $t := toDate \"2006-01-02 15:04:05\" \"2026-01-02 03:44:05\" }}{{ ($t.Truncate 3600000000000).Format \"15:04:05\" }} {{ ($t.Round 3600000000000).Format \"15:04:05\" }} => 03:00:00 04:00:00",
      })
  void functionsOfNotificationsAreGos(String template, String expected) {
    assertThat(notify(template)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ now.Add 1.5 }}",
        "{{ now.Add 1e30 }}",
        "{{ now.Add 0x1p63 }}",
        "{{ $d := 28800e9 }}{{ now.Add $d }}",
        "{{ now.Add (28800e9) }}",
        "{{ 28800e9 | now.Add }}",
        "{{ slice \"abc\" 1e0 }}",
        "{{ index (list 1) 0.0 }}"
      })
  void floatsThatAreNoWholeConstantsAreNoIntegers(String template) {
    assertThatThrownBy(() -> notify(template)).isInstanceOf(TemplateException.class);
  }

  @Test
  void localTimesAreThoseOfTheServer() {
    TimeZone before = TimeZone.getDefault();
    try {
      TimeZone.setDefault(TimeZone.getTimeZone("Asia/Shanghai"));
      String time = "{{ $t := toDate \"2006-01-02 15:04\" \"2026-01-02 10:11\" }}";
      assertThat(notify(time + "{{ $t.Local.Format \"15:04 MST -0700\" }}"))
          .isEqualTo("18:11 CST +0800");
      assertThat(notify(time + "{{ tz \"Local\" $t }} {{ $t.Local.Location }}"))
          .isEqualTo("2026-01-02 18:11:00 +0800 CST Local");
    } finally {
      TimeZone.setDefault(before);
    }
  }

  @Test
  void zonesAreThoseOfTheDatabase() {
    String time = "{{ $t := toDate \"2006-01-02 15:04\" \"2026-01-02 10:11\" }}";
    assertThat(notify(time + "{{ tz \"EST\" $t }} {{ tz \"posix/Europe/Berlin\" $t }}"))
        .isEqualTo("2026-01-02 05:11:00 -0500 EST 2026-01-02 11:11:00 +0100 CET");
    assertThatThrownBy(() -> notify("{{ tz \"UTC+2\" now }}"))
        .hasMessageContaining("unknown time zone UTC+2");
  }

  @Test
  void labelSetsHaveGosSyntax() {
    LabelMap labels = LabelMap.withPairs(Map.of("c", "d", "alertname", "a\"b"));
    assertThat(GoFormat.sprintf("%#v", List.of(labels)))
        .isEqualTo("template.KV{\"alertname\":\"a\\\"b\", \"c\":\"d\"}");
    assertThat(GoFormat.sprintf("%#v", List.of(labels.sortedPairs())))
        .isEqualTo(
            "template.Pairs{template.Pair{Name:\"alertname\", Value:\"a\\\"b\"}, template.Pair{Name:\"c\","
                + " Value:\"d\"}}");
    assertThat(GoFormat.sprintf("%#v", List.of(LabelMap.plain(Labels.of("a", "b")))))
        .isEqualTo("map[string]string{\"a\":\"b\"}");
  }

  @Test
  void zerosBehindTheLastDigitAreNotCalculated() {
    assertThat(expand("{{ printf \"%.30f\" 0.5 }}")).isEqualTo("0.5" + "0".repeat(29));
    assertThat(expand("{{ printf \"%.3f %.0f %.2f\" 2.0 2.0 1e20 }}"))
        .isEqualTo("2.000 2 100000000000000000000.00");
    String many = "{{ printf \"%.99999f\" 1e300 }}";
    assertThat(expand(many)).hasSize(301 + 1 + 99_999).endsWith("000");
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    expand(many);
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(4L << 20);
  }

  @Test
  void listsCannotBeCompared() {
    assertThatThrownBy(() -> notify("{{ eq (list 1) (list 1) }}"))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("non-comparable type");
  }

  @Test
  void patternsOfTemplatesHaveTheLimitsOfAllOthers() {
    for (String use :
        List.of(
            "{{ match \"((a{1000}){1000}){10}\" \"a\" }}",
            "{{ reReplaceAll \"((a{1000}){1000}){10}\" \"\" \"a\" }}")) {
      assertThatThrownBy(() -> notify(use))
          .isInstanceOf(TemplateException.class)
          .hasMessageContaining("invalid repeat count");
    }
  }

  @Test
  void textOfAnAlertCannotGrowWhenItIsReadAsYaml() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x]\n");
    for (int i = 1; i < 20; i++) {
      bomb.append("a" + i + ": &a" + i + " [*a" + (i - 1) + ", *a" + (i - 1) + "]\n");
    }
    for (String text :
        List.of(bomb.toString(), "[" + "x, ".repeat(20_000) + "]", "{a: &a x, b: *a}")) {
      assertThat(NotificationRenderer.StructuredValues.expand("any", t -> text)).isEqualTo(text);
    }
    assertThat(NotificationRenderer.StructuredValues.expand("any", t -> "{a: [1, x]}"))
        .isEqualTo(Map.of("a", List.of(1L, "x")));
  }
}
