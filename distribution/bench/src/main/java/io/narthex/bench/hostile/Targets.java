package io.narthex.bench.hostile;

import java.util.List;

/** All parsers of input from outside. */
final class Targets {
  private Targets() {}

  static List<Target> all() {
    ExpositionTargets expositions = new ExpositionTargets();
    BodyTargets bodies = new BodyTargets();
    FileTargets files = new FileTargets();
    LanguageTargets languages = new LanguageTargets();
    return List.of(
        expositions.prometheusText(),
        expositions.openMetrics(),
        expositions.protobuf(),
        bodies.remoteWrite(),
        bodies.remoteWriteSecond(),
        bodies.alertsJson(),
        bodies.silencesJson(),
        files.prometheusYaml(),
        files.rulesYaml(),
        files.alertmanagerYaml(),
        files.narthexYaml(),
        languages.matchers(),
        languages.templates(),
        languages.promql(),
        languages.relabelling(),
        files.timeIntervals());
  }
}
