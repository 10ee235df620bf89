package io.narthex.core.check;

import io.narthex.core.host.DiscoveryHost;
import io.narthex.core.host.DiscoveryTrial;
import io.narthex.model.Labels;
import io.narthex.model.TargetGroup;
import io.narthex.relabel.TargetLabels;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.config.ScrapeConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code narthex check service-discovery}: runs the discoveries of one job and prints the labels of
 * what they find, before and after relabelling, as promtool does. It waits until each discovery has
 * handed over its first list, not for the whole time.
 */
public final class ServiceDiscoveryCheck {
  private static final Logger LOG = LoggerFactory.getLogger(ServiceDiscoveryCheck.class);

  private final DiscoveryHost discovery;
  private final Path folder;
  private final StringBuilder json = new StringBuilder();
  private final List<String> problems = new ArrayList<>();

  private ServiceDiscoveryCheck(DiscoveryHost discovery, Path folder) {
    this.discovery = discovery;
    this.folder = folder;
  }

  /**
   * Runs the discoveries of a job.
   *
   * @param atMost how long to wait for all of them together
   */
  public static Verdict check(
      ConfigSnapshot snapshot, DiscoveryHost discovery, String jobName, Duration atMost) {
    List<ScrapeConfig> jobs = snapshot.prometheus().scrapeConfigs();
    for (ScrapeConfig job : jobs) {
      if (job.jobName().equals(jobName)) {
        return new ServiceDiscoveryCheck(discovery, snapshot.prometheusFolder()).run(job, atMost);
      }
    }
    StringBuilder text = new StringBuilder("Job " + jobName + " not found. Select one of:");
    jobs.forEach(j -> text.append("\n\t").append(j.jobName()));
    return new Verdict(1, text.toString());
  }

  private Verdict run(ScrapeConfig job, Duration atMost) {
    TargetLabels labels = new TargetLabels(job, "localhost");
    List<DiscoveryTrial> trials = new ArrayList<>();
    long deadline = System.nanoTime() + atMost.toNanos();
    try {
      for (DiscoveryBlock block : job.discoveries()) {
        String name = job.jobName() + " " + block.type() + "[" + block.index() + "]";
        DiscoveryTrial trial = DiscoveryTrial.start(discovery, block, name, folder);
        if (trial == null) {
          problems.add(name + ": there is no plugin for it");
        } else {
          trials.add(trial);
        }
      }
      for (DiscoveryTrial trial : trials) {
        DiscoveryTrial.Found found =
            trial.await(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
        if (!found.problem().isEmpty()) {
          problems.add(found.problem());
        }
        found.groups().forEach(group -> print(group, labels));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      trials.forEach(DiscoveryTrial::close);
    }
    String text = json.isEmpty() ? "[]" : "[\n" + json + "\n]";
    for (String problem : problems) {
      LOG.error("{}", problem); // a check prints only errors of the log
    }
    return new Verdict(0, text);
  }

  /** Prints the targets of a group; of those with equal labels the first. */
  private void print(TargetGroup group, TargetLabels labels) {
    Set<String> printed = new HashSet<>();
    group
        .targets()
        .forEach(own -> {
          Labels discovered = labels.discovered(own, group.labels());
          Labels result = Labels.EMPTY;
          String error = "";
          try {
            TargetLabels.Resolved resolved = labels.resolve(discovered);
            result = resolved == null ? Labels.EMPTY : resolved.labels();
          } catch (IllegalArgumentException e) {
            error = String.valueOf(e.getMessage());
          }
          if (!printed.add(result + error)) {
            return;
          }
          json.append(json.isEmpty() ? "" : ",\n").append("  {\n    \"discoveredLabels\": ");
          object(discovered);
          json.append(",\n    \"labels\": ");
          object(result);
          if (!error.isEmpty()) {
            json.append(",\n    \"error\": ");
            text(error);
          }
          json.append("\n  }");
        });
  }

  private void object(Labels labels) {
    if (labels.size() == 0) {
      json.append("{}");
      return;
    }
    json.append('{');
    for (int i = 0; i < labels.size(); i++) {
      json.append(i == 0 ? "\n      " : ",\n      ");
      text(labels.name(i));
      json.append(": ");
      text(labels.value(i));
    }
    json.append("\n    }");
  }

  private void text(String s) {
    json.append('"');
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      switch (c) {
        case '"' -> json.append("\\\"");
        case '\\' -> json.append("\\\\");
        case '\n' -> json.append("\\n");
        case '\r' -> json.append("\\r");
        case '\t' -> json.append("\\t");
        default -> {
          if (c < 0x20 || c == '<' || c == '>' || c == '&') {
            json.append("\\u00")
                .append(Character.forDigit(c >> 4, 16))
                .append(Character.forDigit(c & 15, 16));
          } else {
            json.append(c);
          }
        }
      }
    }
    json.append('"');
  }
}
