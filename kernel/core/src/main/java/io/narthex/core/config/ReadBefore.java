package io.narthex.core.config;

import io.narthex.config.yaml.YamlReader;
import io.narthex.service.config.PrometheusConfig.Global;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
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

  private record Job(Mapping node, ScrapeConfig config) {}

  private static final class Load {
    final Map<String, Text> texts = new HashMap<>();
    final Map<Written, Job> jobs = new HashMap<>();
    @Nullable Global global;
  }

  private Load last = new Load();
  private Load next = new Load();

  /** Begins a load. */
  void begin() {
    next = new Load();
  }

  /** Ends a load that succeeded. */
  void end() {
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

  /** Returns a job that was written in the same way under the same {@code global}, or null. */
  @Nullable ScrapeConfig job(Mapping node, Global global) {
    if (!Objects.equals(last.global, global)) {
      return null;
    }
    Job before = last.jobs.get(new Written(node));
    if (before == null) {
      return null;
    }
    // blocks of discoveries hold their places in the file
    return before.node == node || before.node.equals(node)
        ? before.config
        : before.config.with(before.config.http(), ScrapeConfigs.discoveries(node));
  }

  /** Keeps a job for the next load. */
  void remember(Mapping node, Global global, ScrapeConfig config) {
    next.global = global;
    next.jobs.put(new Written(node), new Job(node, config));
  }
}
