package io.narthex.template;

import io.narthex.service.template.TemplateService.ConsoleData;
import io.narthex.service.template.TemplateService.RuleData;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The dot of templates in rules and consoles: fields by name. */
record RuleModel(Map<String, Object> fields) implements GoObject {
  static RuleModel of(RuleData data) {
    return new RuleModel(
        Map.of(
            "Labels",
            LabelMap.plain(data.labels()),
            "ExternalLabels",
            LabelMap.plain(data.externalLabels()),
            "ExternalURL",
            data.externalUrl(),
            "Value",
            HistogramValue.of(data.value())));
  }

  static RuleModel of(ConsoleData data) {
    return new RuleModel(
        Map.of(
            "RawParams",
            data.rawParams(),
            "Params",
            new LabelMap(data.params(), false, false),
            "Path",
            data.path(),
            "ExternalURL",
            data.externalUrl()));
  }

  @Override
  public @Nullable Object member(String name, List<@Nullable Object> arguments) {
    return fields.getOrDefault(name, NO_MEMBER);
  }

  @Override
  public String print() {
    return GoFormat.value(fields);
  }

  @Override
  public Object json() {
    return fields;
  }

  @Override
  public String typeName() {
    return "struct";
  }
}
