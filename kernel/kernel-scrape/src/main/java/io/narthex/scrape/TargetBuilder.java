package io.narthex.scrape;

import io.narthex.format.duration.PromDuration;
import io.narthex.format.relabel.NameScheme;
import io.narthex.format.relabel.Relabeling;
import io.narthex.model.Labels;
import io.narthex.model.TargetGroup;
import io.narthex.service.config.ScrapeConfig;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** Makes targets of discovered groups. */
final class TargetBuilder {
  /** The address that means this server. */
  static final String SELF = "self";

  private static final String PARAM = "__param_";

  /** What became of the groups of a job. */
  record Outcome(List<Target> targets, List<Labels> dropped, List<String> failures) {}

  private final ScrapeConfig config;
  private final Relabeling relabeling;
  private final String selfInstance;

  /**
   * Creates one for a job.
   *
   * @param selfInstance the instance label of targets that mean this server
   */
  TargetBuilder(ScrapeConfig config, String selfInstance) {
    this.config = config;
    this.relabeling =
        Relabeling.compile(
            config.relabelConfigs(),
            NameScheme.of(Objects.requireNonNullElse(config.metricNameValidationScheme(), "")));
    this.selfInstance = selfInstance;
  }

  /** Returns the targets of all groups, equal ones once. */
  Outcome build(List<TargetGroup> groups) {
    Map<Target.Key, Target> targets = new LinkedHashMap<>();
    List<Labels> dropped = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    for (TargetGroup group : groups) {
      for (int i = 0; i < group.targets().size(); i++) {
        Labels discovered = discovered(group.targets().get(i), group.labels());
        Labels.Builder b = discovered.toBuilder();
        if (!relabeling.apply(b)) {
          dropped.add(discovered);
          continue;
        }
        try {
          Target t = target(discovered, b);
          targets.putIfAbsent(t.key(), t);
        } catch (IllegalArgumentException e) {
          failures.add("instance " + i + " in group " + group.source() + ": " + e.getMessage());
        }
      }
    }
    return new Outcome(List.copyOf(targets.values()), dropped, failures);
  }

  private Labels discovered(Map<String, String> own, Map<String, String> common) {
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
            preset(all, PARAM + name, values.get(0));
          }
        });
    return Labels.of(all);
  }

  private static void preset(Map<String, String> labels, String name, String value) {
    if (labels.getOrDefault(name, "").isEmpty()) {
      labels.put(name, value);
    }
  }

  private Target target(Labels discovered, Labels.Builder b) {
    String address = b.get(TargetGroup.ADDRESS);
    if (address.isEmpty()) {
      throw new IllegalArgumentException("no address");
    }
    if (address.indexOf('/') >= 0) {
      throw new IllegalArgumentException("\"" + address + "\" is not a valid hostname");
    }
    String scheme = b.get("__scheme__");
    if (!scheme.equals("http") && !scheme.equals("https")) {
      throw new IllegalArgumentException("invalid scheme: \"" + scheme + "\"");
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
    Labels internal = b.build();
    Labels.Builder shown = internal.toBuilder();
    for (int i = 0; i < internal.size(); i++) {
      if (!NameScheme.isWellFormed(internal.value(i))) {
        throw new IllegalArgumentException("invalid label value for \"" + internal.name(i) + "\"");
      }
      if (internal.name(i).startsWith("__")) {
        shown.remove(internal.name(i));
      }
    }
    return new Target(discovered, internal, shown.build(), url(internal), self, interval, timeout);
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

  private String url(Labels internal) {
    Map<String, List<String>> params = parameters(internal);
    StringBuilder b = new StringBuilder();
    b.append(internal.get("__scheme__")).append("://").append(internal.get(TargetGroup.ADDRESS));
    String path = internal.get("__metrics_path__");
    if (!path.startsWith("/")) {
      b.append('/');
    }
    b.append(escapePath(path));
    char separator = '?';
    for (Map.Entry<String, List<String>> e : params.entrySet()) {
      for (String v : e.getValue()) {
        b.append(separator)
            .append(URLEncoder.encode(e.getKey(), StandardCharsets.UTF_8))
            .append('=')
            .append(URLEncoder.encode(v, StandardCharsets.UTF_8));
        separator = '&';
      }
    }
    return b.toString();
  }

  /** Returns the URL parameters: those of the job, overridden by labels; sorted by name. */
  Map<String, List<String>> parameters(Labels internal) {
    Map<String, List<String>> params = new TreeMap<>();
    config.params().forEach((k, v) -> params.put(k, new ArrayList<>(v)));
    internal.forEach((name, value) -> {
      if (name.startsWith(PARAM)) {
        List<String> list =
            params.computeIfAbsent(name.substring(PARAM.length()), _ -> new ArrayList<>());
        if (list.isEmpty()) {
          list.add(value);
        } else {
          list.set(0, value);
        }
      }
    });
    return params;
  }

  private static String escapePath(String path) {
    StringBuilder b = null;
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      boolean plain =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "-._~!$&'()*+,;=:@/%".indexOf(c) >= 0;
      if (!plain && b == null) {
        b = new StringBuilder(path.substring(0, i));
      }
      if (b != null) {
        if (plain) {
          b.append(c);
        } else {
          int code = path.codePointAt(i);
          String one = Character.toString(code);
          i += one.length() - 1;
          b.append(URLEncoder.encode(one, StandardCharsets.UTF_8).replace("+", "%20"));
        }
      }
    }
    return b == null ? path : b.toString();
  }
}
