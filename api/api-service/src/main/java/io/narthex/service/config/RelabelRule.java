package io.narthex.service.config;

import io.narthex.spi.config.Setting;
import java.util.List;

/** One relabelling step as it stands in the file. The compiled form is in the format library. */
public record RelabelRule(
    @Setting(help = "Labels whose values are joined") List<String> sourceLabels,
    @Setting(help = "Joins the values", defaultValue = ";") String separator,
    @Setting(help = "Label that is written") String targetLabel,
    @Setting(help = "RE2 expression, anchored", defaultValue = "(.*)") String regex,
    @Setting(help = "Modulus of hashmod") long modulus,
    @Setting(help = "Template of the new value", defaultValue = "$1") String replacement,
    @Setting(
            help =
                "replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase",
            defaultValue = "replace")
        String action) {
  /** Copies the list. */
  public RelabelRule {
    sourceLabels = List.copyOf(sourceLabels);
  }
}
