package io.narthex.service.config;

import io.narthex.spi.config.Setting;
import java.util.List;

/**
 * One relabelling rule of the configuration. Its compiled form is in {@code kernel/libs/relabel}.
 */
public record RelabelRule(
    @Setting(help = "Labels whose values are joined and matched") List<String> sourceLabels,
    @Setting(help = "Separator of the joined values", defaultValue = ";") String separator,
    @Setting(help = "Label that is set") String targetLabel,
    @Setting(help = "RE2 expression, anchored", defaultValue = "(.*)") String regex,
    @Setting(help = "Modulus of hashmod, at least 1", min = 0) long modulus,
    @Setting(help = "Template of the new value", defaultValue = "$1") String replacement,
    @Setting(
            help =
                "Action: replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase",
            defaultValue = "replace")
        String action) {
  /** Copies the list. */
  public RelabelRule {
    sourceLabels = List.copyOf(sourceLabels);
  }
}
