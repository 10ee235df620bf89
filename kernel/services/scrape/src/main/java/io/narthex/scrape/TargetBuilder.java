package io.narthex.scrape;

import io.narthex.model.Labels;
import io.narthex.model.TargetGroup;
import io.narthex.relabel.TargetLabels;
import io.narthex.service.config.ScrapeConfig;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Makes targets of discovered groups. */
final class TargetBuilder {
  private static final String PARAM = "__param_";

  /** The targets of a job's groups, those that relabelling dropped, and those that are invalid. */
  record Outcome(List<Target> targets, List<Labels> dropped, List<String> failures) {}

  private final ScrapeConfig config;
  private final TargetLabels labels;

  /**
   * Creates one for a job.
   *
   * @param selfInstance the instance label of targets that are this server
   */
  TargetBuilder(ScrapeConfig config, String selfInstance) {
    this.config = config;
    this.labels = new TargetLabels(config, selfInstance);
  }

  /** Returns the targets of all groups without duplicates. */
  Outcome build(List<TargetGroup> groups) {
    Map<Target.Key, Target> targets = new LinkedHashMap<>();
    List<Labels> dropped = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    for (TargetGroup group : groups) {
      for (int i = 0; i < group.targets().size(); i++) {
        Labels discovered = labels.discovered(group.targets().get(i), group.labels());
        try {
          TargetLabels.Resolved resolved = labels.resolve(discovered);
          if (resolved == null) {
            dropped.add(discovered);
            continue;
          }
          Target t = target(discovered, resolved);
          targets.putIfAbsent(t.key(), t);
        } catch (IllegalArgumentException e) {
          failures.add("instance " + i + " in group " + group.source() + ": " + e.getMessage());
        }
      }
    }
    return new Outcome(List.copyOf(targets.values()), dropped, failures);
  }

  private Target target(Labels discovered, TargetLabels.Resolved resolved) {
    Labels internal = resolved.labels();
    Labels.Builder shown = internal.toBuilder();
    for (int i = 0; i < internal.size(); i++) {
      if (internal.name(i).startsWith("__")) {
        shown.remove(internal.name(i));
      }
    }
    return new Target(
        discovered,
        internal,
        shown.build(),
        url(internal),
        resolved.self(),
        resolved.intervalMs(),
        resolved.timeoutMs());
  }

  private String url(Labels internal) {
    Map<String, List<String>> params = parameters(internal);
    StringBuilder b = new StringBuilder();
    String scheme = internal.get("__scheme__");
    b.append(scheme).append(scheme.isEmpty() ? "//" : "://");
    b.append(internal.get(TargetGroup.ADDRESS));
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
