package io.narthex.service.rules;

import io.narthex.spi.config.Setting;
import java.util.List;

/**
 * {@code rules:} of {@code narthex.yml}.
 *
 * @param readyMade names of rule files that come with the server, or {@code all}
 * @since 1.2
 */
public record RuleSettings(
    @Setting(
            help =
                "Rules that come with the server and are evaluated with those of rule_files: all,"
                    + " or some of alertmanager, jvm, narthex, node, pushgateway")
        List<String> readyMade) {
  /** What counts when the file says nothing. */
  public static final RuleSettings DEFAULT = new RuleSettings(List.of());

  /** Copies the list. */
  public RuleSettings {
    readyMade = List.copyOf(readyMade);
  }
}
