package io.narthex.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.service.template.TemplateService.NotificationData;
import io.narthex.service.template.TemplateService.NotificationTemplates;
import io.narthex.spi.notifier.TemplateRenderer;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NotificationSetTest {
  private static final String ACME =
      """
      {{ define "acme.default.title" }}{{ template "__alertmanager" . }} for {{ .Receiver }}{{ end }}
      {{ define "acme.default.text" }}theirs{{ end }}
      {{ define "pagerduty.default.client" }}acme{{ end }}
      """;

  private final DefaultTemplateService service =
      DefaultTemplateService.standalone(Clock.systemUTC());

  private static TemplateRenderer renderer(NotificationTemplates templates) {
    return templates.renderer(
        new NotificationData("team", "", Labels.EMPTY, Map.of(), List.of(), "http://x"));
  }

  private static String call(TemplateRenderer renderer, String name) {
    return renderer.text("{{ template \"" + name + "\" . }}");
  }

  @Test
  void definitionsOfAPluginWinOverAlertmanagersAndKnowThem() {
    TemplateRenderer plain = renderer(service.builtIn());
    TemplateRenderer acme = plain.withDefinitions(ACME);
    assertThat(call(acme, "acme.default.title")).isEqualTo("Alertmanager for team");
    assertThat(call(acme, "pagerduty.default.client")).isEqualTo("acme");
    assertThat(call(acme.limitedTo(1), "acme.default.text")).isEqualTo("theirs");
    assertThat(call(plain, "pagerduty.default.client")).isEqualTo("Alertmanager");
    assertThatThrownBy(() -> call(plain, "acme.default.title"))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("acme.default.title");
  }

  @Test
  void namesOfFilesThatAreNotThereFindNone(@TempDir Path folder) {
    NotificationTemplates loaded =
        service.load(List.of(folder + "/nope/x.tmpl", "x.tmpl", "z*.tmpl"), folder);
    assertThat(call(renderer(loaded), "pagerduty.default.client")).isEqualTo("Alertmanager");
  }

  @Test
  void filesOfTheUserWinOverAPlugin(@TempDir Path folder) throws IOException {
    Files.writeString(
        folder.resolve("own.tmpl"),
        "{{ define \"acme.default.text\" }}mine{{ end }}"
            + "{{ define \"calls\" }}{{ template \"acme.default.title\" . }}{{ end }}");
    TemplateRenderer acme = renderer(service.load(List.of("*.tmpl"), folder)).withDefinitions(ACME);
    assertThat(call(acme, "acme.default.text")).isEqualTo("mine");
    assertThat(call(acme, "calls")).isEqualTo("Alertmanager for team");
  }

  @Test
  void definitionsThatCannotBeParsedAreRefused() {
    assertThatThrownBy(() -> renderer(service.builtIn()).withDefinitions("{{ define }}"))
        .isInstanceOf(TemplateException.class);
  }
}
