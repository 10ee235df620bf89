package io.narthex.relabel;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.RecordYaml;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.Labels;
import io.narthex.service.config.RelabelRule;
import io.narthex.testkit.Needs;
import io.narthex.text.Conformance;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

@NullUnmarked
@SuppressWarnings("unchecked")
final class RelabelConformanceTest {
  @Test
  void relabelsAsPrometheusDoes() throws IOException {
    Conformance suite = new Conformance("relabel");
    var data =
        (Map<String, Object>)
            Conformance.json(Needs.shared("conformance/relabel/relabel_cases.json"));
    var defaults = (Map<String, Object>) data.get("defaults");
    for (Object o : (List<Object>) data.get("cases")) {
      var c = (Map<String, Object>) o;
      List<RelabelRule> rules =
          ((List<Map<String, Object>>) c.get("configs"))
              .stream().map(m -> rule(m, defaults)).toList();
      NameScheme scheme =
          ((List<Map<String, Object>>) c.get("configs"))
                  .stream().anyMatch(m -> "legacy".equals(m.get("name_validation_scheme")))
              ? NameScheme.LEGACY
              : NameScheme.UTF8;
      Labels out =
          Relabeling.compile(rules, scheme).apply(Labels.of((Map<String, String>) c.get("input")));
      Labels want =
          c.get("output") == null ? null : Labels.of((Map<String, String>) c.get("output"));
      suite.check(
          (String) c.get("id"),
          java.util.Objects.equals(out, want),
          "got " + out + ", want " + want);
    }
    suite.finish(0);
  }

  @Test
  void validatesAsPrometheusDoes() throws IOException {
    Conformance suite = new Conformance("relabel-validate");
    var data =
        (Map<String, Object>)
            Conformance.json(Needs.shared("conformance/relabel/validate_cases.json"));
    Map<String, Object> none =
        Map.of("separator", "", "regex", "", "replacement", "", "action", "");
    for (Object o : (List<Object>) data.get("validate")) {
      var c = (Map<String, Object>) o;
      NameScheme scheme = NameScheme.of((String) c.get("name_validation_scheme"));
      String error = null;
      try {
        Relabeling.validate(rule((Map<String, Object>) c.get("config"), none), scheme);
      } catch (IllegalArgumentException e) {
        error = e.getMessage();
      }
      boolean ok =
          (boolean) c.get("ok")
              ? error == null
              : error != null && error.contains((String) c.get("error_substring"));
      suite.check((String) c.get("id"), ok, "got " + error);
    }
    for (Object o : (List<Object>) data.get("legacy_target_label_template")) {
      var c = (Map<String, Object>) o;
      String t = (String) c.get("target_label");
      suite.check(t, isLegacyTarget(t) == (boolean) c.get("valid"), "");
    }
    suite.finish(0);
  }

  private static boolean isLegacyTarget(String template) {
    try {
      Relabeling.validate(
          new RelabelRule(List.of(), ";", template, "(.*)", 0, "$1", "replace"), NameScheme.LEGACY);
      return true;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }

  @Test
  void rulesSurviveBeingShownAndReadAgain() throws IOException {
    Conformance suite = new Conformance("relabel-round-trip");
    var data =
        (Map<String, Object>)
            Conformance.json(Needs.shared("conformance/relabel/validate_cases.json"));
    for (Object o : (List<Object>) data.get("yaml_round_trip")) {
      var c = (Map<String, Object>) o;
      RelabelRule first = read((String) c.get("yaml"));
      String shown = RecordYaml.print(RecordYaml.toMap(first));
      RelabelRule again = read(shown);
      suite.check((String) c.get("id"), again.equals(first), first + " became " + shown);
    }
    suite.finish(0);
  }

  private static RelabelRule read(String yaml) {
    return ConfigBinder.bind(YamlReader.read("rule", yaml), RelabelRule.class);
  }

  private static RelabelRule rule(Map<String, Object> m, Map<String, Object> defaults) {
    return new RelabelRule(
        (List<String>) m.getOrDefault("source_labels", List.of()),
        (String) m.getOrDefault("separator", defaults.get("separator")),
        (String) m.getOrDefault("target_label", ""),
        (String) m.getOrDefault("regex", defaults.get("regex")),
        ((Double) m.getOrDefault("modulus", 0.0)).longValue(),
        (String) m.getOrDefault("replacement", defaults.get("replacement")),
        (String) m.getOrDefault("action", defaults.get("action")));
  }
}
