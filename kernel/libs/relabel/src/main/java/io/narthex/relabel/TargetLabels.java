package io.narthex.relabel;

import io.narthex.model.Labels;
import io.narthex.model.TargetGroup;
import io.narthex.model.go.PromDuration;
import io.narthex.service.config.ScrapeConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Computes the labels of a job's targets: before relabelling from discovery and the job, and after
 * it. Immutable and thread-safe.
 */
public final class TargetLabels {
  /** The address of this server itself. */
  public static final String SELF = "self";

  private final ScrapeConfig config;
  private final Relabeling relabeling;
  private final String selfInstance;

  /**
   * The labels of a target.
   *
   * @param labels including internal ones, which begin with {@code __}, but not {@code __meta_*}
   * @param self whether it is this server
   */
  public record Resolved(Labels labels, boolean self, long intervalMs, long timeoutMs) {}

  /**
   * Creates one for a job.
   *
   * @param selfInstance the instance label of targets that are this server
   */
  public TargetLabels(ScrapeConfig config, String selfInstance) {
    this.config = config;
    this.relabeling =
        Relabeling.compile(
            config.relabelConfigs(),
            NameScheme.of(Objects.requireNonNullElse(config.metricNameValidationScheme(), "")));
    this.selfInstance = selfInstance;
  }

  /**
   * Returns the labels of a target before relabelling.
   *
   * @param own those of the target
   * @param common those of its group
   */
  public Labels discovered(Map<String, String> own, Map<String, String> common) {
    Map<String, String> all = new LinkedHashMap<>(common);
    all.putAll(own);
    preset(all, "job", config.jobName());
    preset(
        all,
        "__scrape_interval__",
        PromDuration.format(Objects.requireNonNull(config.scrapeInterval())));
    preset(
        all,
        "__scrape_timeout__",
        PromDuration.format(Objects.requireNonNull(config.scrapeTimeout())));
    preset(all, "__metrics_path__", config.metricsPath());
    preset(all, "__scheme__", config.scheme());
    config
        .params()
        .forEach((name, values) -> {
          if (!values.isEmpty()) {
            preset(all, "__param_" + name, values.get(0));
          }
        });
    return Labels.of(all);
  }

  private static void preset(Map<String, String> labels, String name, String value) {
    if (labels.getOrDefault(name, "").isEmpty()) {
      labels.put(name, value);
    }
  }

  /**
   * Returns the labels of a target after relabelling, or null when it is dropped.
   *
   * @throws IllegalArgumentException when they are no valid target
   */
  public @Nullable Resolved resolve(Labels discovered) {
    Labels.Builder b = discovered.toBuilder();
    if (!relabeling.apply(b)) {
      return null;
    }
    String address = b.get(TargetGroup.ADDRESS);
    if (address.isEmpty()) {
      throw new IllegalArgumentException("no address");
    }
    if (address.indexOf('/') >= 0) {
      throw new IllegalArgumentException("\"" + address + "\" is not a valid hostname");
    }
    String intervalText = b.get("__scrape_interval__");
    String timeoutText = b.get("__scrape_timeout__");
    long interval = duration(intervalText, "interval");
    long timeout = duration(timeoutText, "timeout");
    if (timeout > interval) {
      throw new IllegalArgumentException(
          "scrape timeout cannot be greater than scrape interval (\""
              + timeoutText
              + "\" > \""
              + intervalText
              + "\")");
    }
    boolean self = address.equals(SELF);
    for (String name : b.names()) {
      if (name.startsWith("__meta_")) {
        b.remove(name);
      }
    }
    if (b.get("instance").isEmpty()) {
      b.set("instance", self ? selfInstance : address);
    }
    Labels labels = b.build();
    for (int i = 0; i < labels.size(); i++) {
      if (!NameScheme.isWellFormed(labels.value(i))) {
        throw new IllegalArgumentException("invalid label value for \"" + labels.name(i) + "\"");
      }
    }
    return new Resolved(labels, self, interval, timeout);
  }

  private static long duration(String text, String what) {
    long ms;
    try {
      ms = PromDuration.parseMs(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("error parsing scrape " + what + ": " + e.getMessage(), e);
    }
    if (ms == 0) {
      throw new IllegalArgumentException("scrape " + what + " cannot be 0");
    }
    return ms;
  }
}
