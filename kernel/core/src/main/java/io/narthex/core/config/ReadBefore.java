package io.narthex.core.config;

import io.narthex.config.yaml.YamlReader;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.PrometheusConfig.Global;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the last load has read, so that the next one does again only what has changed: of thousands
 * of jobs nearly all are as before. Keeps one load; one that fails changes nothing. Not
 * thread-safe.
 */
final class ReadBefore {
  private record Text(String text, ConfigNode root) {}

  /**
   * A job as written: equal to another with the same content at any place of the same file, which
   * the names of files in it are relative to.
   */
  private static final class Written {
    final Mapping node;
    private final int hash;

    Written(Mapping node) {
      this.node = node;
      hash = SameContent.hash(node);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Written that
          && hash == that.hash
          && node.place().file().equals(that.node.place().file())
          && SameContent.of(node, that.node);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  private record Job(Written written, ScrapeConfig config) {}

  private static final class Load {
    final Map<String, Text> texts = new HashMap<>();
    final Map<Written, Job> jobs = new HashMap<>();
    final Map<Mapping, Job> byNode = new IdentityHashMap<>(); // for files that have not changed
    @Nullable Global global;
    @Nullable PrometheusConfig whole;
  }

  private Load last = new Load();
  private Load next = new Load();

  /** Begins a load. */
  void begin() {
    next = new Load();
  }

  /** Ends a load that succeeded. */
  void end(PrometheusConfig whole) {
    next.whole = whole;
    last = next;
    next = new Load();
  }

  /**
   * Returns the root of a file; the same object when the text is the same.
   *
   * @throws io.narthex.spi.config.ConfigException with the position of the error
   */
  ConfigNode root(String name, String text) {
    Text before = last.texts.get(name);
    Text now =
        before != null && before.text.equals(text)
            ? before
            : new Text(text, YamlReader.read(name, text));
    next.texts.put(name, now);
    return now.root;
  }

  /**
   * Returns the jobs of a file, each made by {@code make} unless it was written in the same way
   * under the same {@code global} before.
   */
  List<ScrapeConfig> jobs(
      List<Mapping> nodes, Global global, Function<Mapping, ScrapeConfig> make) {
    boolean known = Objects.equals(last.global, global);
    next.global = global;
    List<ScrapeConfig> jobs = new ArrayList<>(nodes.size());
    for (Mapping node : nodes) {
      Job before = known ? last.byNode.get(node) : null;
      Written written = before == null ? new Written(node) : before.written;
      ScrapeConfig job = before == null ? null : before.config;
      if (job == null && known) {
        job = moved(written);
      }
      if (job == null) {
        job = make.apply(node);
      }
      Job now = new Job(written, job);
      next.jobs.put(written, now);
      next.byNode.put(node, now);
      jobs.add(job);
    }
    return jobs;
  }

  /** Returns a job that was written in the same way, perhaps elsewhere in its file, or null. */
  private @Nullable ScrapeConfig moved(Written written) {
    Job before = last.jobs.get(written);
    if (before == null) {
      return null;
    }
    // blocks of discoveries hold their places in the file
    return before.written.node.equals(written.node)
        ? before.config
        : before.config.with(before.config.http(), ScrapeConfigs.discoveries(written.node));
  }

  /**
   * Returns the previous whole instead of an equal one whose jobs are the same objects, so that
   * others see at a glance that nothing has changed.
   */
  PrometheusConfig same(PrometheusConfig now) {
    PrometheusConfig before = last.whole;
    if (before == null || before.scrapeConfigs().size() != now.scrapeConfigs().size()) {
      return now;
    }
    for (int i = 0; i < now.scrapeConfigs().size(); i++) {
      if (before.scrapeConfigs().get(i) != now.scrapeConfigs().get(i)) {
        return now;
      }
    }
    return before.equals(now) ? before : now;
  }
}
