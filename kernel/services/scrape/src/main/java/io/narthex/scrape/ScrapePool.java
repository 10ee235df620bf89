package io.narthex.scrape;

import io.narthex.model.Labels;
import io.narthex.model.TargetGroup;
import io.narthex.service.config.ScrapeConfig;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The targets of one job and their loops. All methods are called under the component's lock. */
final class ScrapePool {
  private static final Logger LOG = LoggerFactory.getLogger(ScrapePool.class);

  private final ScrapeLoop.Host host;
  private final ScrapeMetrics metrics;
  private final String selfInstance;
  private ScrapeSettings settings;
  private TargetBuilder builder;
  private List<TargetGroup> groups = List.of();
  private final Map<Target.Key, ScrapeLoop> loops = new LinkedHashMap<>();
  private List<Labels> dropped = List.of();
  private int droppedCount;
  private @Nullable ScrapeConfig applied;

  ScrapePool(ScrapeLoop.Host host, ScrapeConfig config, String selfInstance) {
    this.host = host;
    this.metrics = host.metrics();
    this.selfInstance = selfInstance;
    this.settings = new ScrapeSettings(config, host.features());
    this.builder = new TargetBuilder(config, selfInstance);
  }

  /** Returns whether it has applied this very object. */
  boolean isOf(ScrapeConfig config) {
    return applied == config;
  }

  /** Notes which object it has applied. */
  void applied(ScrapeConfig config) {
    applied = config;
  }

  String job() {
    return settings.config.jobName();
  }

  /** Applies a new configuration; returns false when nothing has changed. */
  boolean reload(ScrapeConfig config) {
    if (config.equals(settings.config)) {
      return false;
    }
    ScrapeSettings next = new ScrapeSettings(config, host.features());
    TargetBuilder nextBuilder = new TargetBuilder(config, selfInstance);
    settings = next;
    builder = nextBuilder;
    sync(groups);
    return true;
  }

  /** Applies new groups: starts, updates and ends loops. */
  void sync(List<TargetGroup> newGroups) {
    long begin = System.nanoTime();
    groups = newGroups;
    TargetBuilder.Outcome outcome = builder.build(newGroups);
    for (String failure : outcome.failures()) {
      LOG.warn("job \"{}\": target cannot be used: {}", job(), failure);
    }
    metrics.syncFailed.with(job()).add(outcome.failures().size());
    droppedCount = outcome.dropped().size();
    Long keep = settings.config.keepDroppedTargets();
    dropped =
        keep != null && keep > 0 && keep < droppedCount
            ? List.copyOf(outcome.dropped().subList(0, keep.intValue()))
            : outcome.dropped();
    String refusal = refusal(outcome.targets().size());
    Set<Target.Key> present = new HashSet<>();
    for (Target t : outcome.targets()) {
      present.add(t.key());
      ScrapeLoop loop = loops.get(t.key());
      if (loop == null) {
        loop = new ScrapeLoop(host, t, settings, refusal);
        loops.put(t.key(), loop);
        loop.start();
      } else {
        loop.update(t, settings, refusal);
      }
    }
    Set<Labels> stillScraped = new HashSet<>();
    present.forEach(k -> stillScraped.add(k.labels()));
    var all = loops.entrySet().iterator();
    while (all.hasNext()) {
      var e = all.next();
      if (!present.contains(e.getKey())) {
        // series that continue under another URL do not end
        e.getValue().stop(!stillScraped.contains(e.getKey().labels()));
        all.remove();
      }
    }
    metrics.poolTargets.with(job()).set(loops.size());
    metrics.syncs.with(job()).inc();
    metrics.syncLength.with(job()).observe((System.nanoTime() - begin) / 1e9);
  }

  private String refusal(int targets) {
    Long limit = settings.config.targetLimit();
    metrics.poolTargetLimit.with(job()).set(limit == null ? 0 : limit);
    if (limit == null || limit <= 0 || targets <= limit) {
      return "";
    }
    metrics.exceededTargetLimit.inc();
    return "target_limit exceeded (number of targets: " + targets + ", limit: " + limit + ")";
  }

  List<ScrapeLoop> loops() {
    return new ArrayList<>(loops.values());
  }

  List<Labels> dropped() {
    return dropped;
  }

  int droppedCount() {
    return droppedCount;
  }

  /** Ends all loops. */
  void stop(boolean gone) {
    for (ScrapeLoop loop : loops.values()) {
      loop.stop(gone);
    }
    metrics.forgetPool(job());
  }
}
