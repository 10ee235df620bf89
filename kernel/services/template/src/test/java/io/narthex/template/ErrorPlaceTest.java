package io.narthex.template;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryResult;
import io.narthex.service.template.TemplateService.RuleData;
import io.narthex.spi.notifier.TemplateRenderer;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where messages say that a template failed; the places are those of Prometheus. */
@NullUnmarked
class ErrorPlaceTest {
  private static final RuleData DATA =
      new RuleData(
          Labels.of("z", "1"),
          1.0,
          Labels.EMPTY,
          "http://h:9090",
          0,
          (expression, timeMs) -> {
            if (expression.equals("(")) {
              throw new QueryException(QueryException.Kind.BAD_DATA, "unclosed left parenthesis");
            }
            return new QueryResult(
                new QueryResult.Data.Vector(List.of()), List.of(), List.of(), null);
          });

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '\u0000',
      textBlock =
          """
          {{ .Foo }} ~ 1:115 ~ .Foo
          {{ .Labels.a.b }} ~ 1:122 ~ .Labels.a.b
          xx {{ $labels.a.b.c }} ~ 1:125 ~ $labels.a.b.c
          {{ $value.a }} ~ 1:121 ~ $value.a
          {{ .Labels.a.b | printf "%s" }} ~ 1:122 ~ .Labels.a.b
          {{ printf "%s" (.Labels.a.b) }} ~ 1:135 ~ .Labels.a.b
          {{ humanize .Labels }} ~ 1:115 ~ humanize .Labels
          {{ humanize "x" }} ~ 1:115 ~ humanize "x"
          {{ .Labels.a | humanize }} ~ 1:127 ~ humanize
          {{ range .Value }}x{{ end }} ~ 1:121 ~ .Value
          {{ index .Labels 1 }} ~ 1:115 ~ index .Labels 1
          {{ .Value.Foo.Bar }} ~ 1:121 ~ .Value.Foo.Bar
          {{ (query "up").x }} ~ 1:122 ~ "up"
          {{ (query "up" | first).Foo }} ~ 1:129 ~ first
          {{ first (query "nope") }} ~ 1:115 ~ first (query "nope")
          {{ template "x" }} ~ 1:124 ~ {{template "x"}}
          {{ if .Nope }}a{{ end }} ~ 1:118 ~ .Nope
          {{ with $x := .Nope }}a{{ end }} ~ 1:126 ~ .Nope
          a\\nb {{ .Nope.x }} ~ 1:125 ~ .Nope.x
          {{ query "("  }} ~ 1:115 ~ query "("
          {{ parseDuration "x" }} ~ 1:115 ~ parseDuration "x"
          {{ .Labels.a.b.c.d }} ~ 1:122 ~ .Labels.a.b.c.d
          {{ $x := .Labels }}{{ $x.a.b }} ~ 1:136 ~ $x.a.b
          {{ len .Value }} ~ 1:115 ~ len .Value
          {{ slice "abc" 5 }} ~ 1:115 ~ slice "abc" 5
          {{ index (query "up") 9 }} ~ 1:115 ~ index (query "up") 9
          {{ eq 1 "a" }} ~ 1:115 ~ eq 1 "a"
          {{ .ExternalLabels.x.y }} ~ 1:130 ~ .ExternalLabels.x.y
          {{ $externalURL.x }} ~ 1:127 ~ $externalURL.x
          {{ lt .Labels.a .Value }} ~ 1:115 ~ lt .Labels.a .Value
          {{ print (index .Labels "a" "b") }} ~ 1:122 ~ index .Labels "a" "b"
          {{ and .Labels.a.b 1}} ~ 1:126 ~ .Labels.a.b
          {{ or (.Labels.a.b) 1}} ~ 1:126 ~ .Labels.a.b
          {{ not .Nope }} ~ 1:119 ~ .Nope
          {{ "a" | toUpper | reReplaceAll "(" "x" }} ~ 1:131 ~ reReplaceAll "(" "x"
          {{ humanizeTimestamp "y" }} ~ 1:115 ~ humanizeTimestamp "y"
          {{ (.Labels.a).b }} ~ 1:123 ~ .Labels.a
          {{ ((.Labels)).a.b }} ~ 1:117 ~ .Labels
          """)
  void errorsNameThePlaceThatIsEvaluated(String template, String place, String source) {
    assertThatThrownBy(() ->
            DefaultTemplateService.standalone(Clock.systemUTC())
                .expandRule("__alert_A", template, DATA))
        .isInstanceOf(TemplateRenderer.TemplateException.class)
        .hasMessageContaining(
            "template: __alert_A:" + place + ": executing \"__alert_A\" at <" + source + ">: ");
  }
}
