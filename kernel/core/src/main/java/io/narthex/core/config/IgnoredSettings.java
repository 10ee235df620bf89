package io.narthex.core.config;

import io.narthex.service.config.ConfigService.Ignored;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.PrometheusConfig.AlertmanagerTarget;
import io.narthex.service.config.PrometheusConfig.Tsdb;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Settings that Prometheus and Alertmanager act on and this server does not. They are accepted,
 * because a file that works there has to work here, but always reported.
 */
final class IgnoredSettings {
  private static final String LATER = "is not available yet";

  private IgnoredSettings() {}

  /** Returns flags of the command line and keys of the files that have no effect. */
  static List<Ignored> of(Flags flags, ConfigFiles.Loaded loaded) {
    List<Ignored> out = new ArrayList<>();
    flags.withoutEffect().forEach((name, why) -> out.add(new Ignored("flag", name, why)));
    PrometheusConfig main = loaded.snapshot().prometheus();
    add(out, !main.remoteWrite().isEmpty(), "remote_write", "no sample is sent; sending " + LATER);
    add(
        out,
        !main.remoteRead().isEmpty(),
        "remote_read",
        "only local samples are read; it " + LATER);
    add(out, given(main.tracing()), "tracing", "no spans are sent; it " + LATER);
    add(out, given(main.otlp()), "otlp", "the OTLP receiver " + LATER);
    add(
        out,
        main.runtime() != null && main.runtime().gogc() != null,
        "runtime.gogc",
        "Go runtime only");
    Tsdb tsdb = main.storage() == null ? null : main.storage().tsdb();
    if (tsdb != null) {
      add(
          out,
          tsdb.chunkEncoding() != null,
          "storage.tsdb.chunk_encoding",
          "this storage has its own encoding");
    }
    List<AlertmanagerTarget> targets = main.alerting().alertmanagers();
    for (int i = 0; i < targets.size(); i++) {
      add(
          out,
          given(targets.get(i).sigv4()),
          "alerting.alertmanagers[" + i + "].sigv4",
          "requests are not signed; it " + LATER);
    }
    if (loaded.alertmanagerRoot() instanceof Mapping root) {
      for (Map.Entry<String, String> e :
          Map.of("tracing", "no spans are sent; it ", "event_recorder", "no events are kept; it ")
              .entrySet()) {
        if (given(root.get(e.getKey()))) {
          out.add(new Ignored("alertmanager.yml", e.getKey(), e.getValue() + LATER));
        }
      }
    }
    return List.copyOf(out);
  }

  private static boolean given(@Nullable ConfigNode node) {
    return node != null && !Checks.isNull(node);
  }

  private static void add(List<Ignored> out, boolean given, String name, String why) {
    if (given) {
      out.add(new Ignored("prometheus.yml", name, why));
    }
  }
}
