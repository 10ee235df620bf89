package io.narthex.exporter.jvm;

import io.narthex.exporter.jvm.jmx.Beans;
import io.narthex.exporter.jvm.jmx.Deadline;
import io.narthex.exporter.jvm.jmx.Families;
import io.narthex.exporter.jvm.jmx.JmxScraper;
import io.narthex.exporter.jvm.jmx.Limits;
import io.narthex.exporter.jvm.jmx.OwnBeans;
import io.narthex.exporter.jvm.jmx.RuleFile;
import io.narthex.exporter.jvm.remote.HostSockets;
import io.narthex.exporter.jvm.remote.LocalJvms;
import io.narthex.exporter.jvm.remote.Login;
import io.narthex.exporter.jvm.remote.RemoteBeans;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scrapes one JVM by one module. Keeps from one scrape to the next what the rules have cached. One
 * scrape at a time.
 */
final class ModuleScrape {
  private static final Logger LOG = LoggerFactory.getLogger(ModuleScrape.class);

  private static final int LONGEST_MESSAGE = 500;

  private final String name;
  private final JvmModule module;
  private final LocalJvms localJvms;
  private final ReentrantLock turn = new ReentrantLock();
  private @Nullable JmxScraper scraper; // guarded by turn
  private String problem = ""; // of the last scrape; guarded by turn

  ModuleScrape(String name, JvmModule module, LocalJvms localJvms) {
    this.name = name;
    this.module = module;
    this.localJvms = localJvms;
  }

  /**
   * Scrapes and writes. A JVM without answer gives {@code jmx_scrape_error} 1 and no other metrics.
   *
   * @throws IllegalArgumentException when the JVM is not allowed
   */
  void collect(Target target, MetricSink sink) throws InterruptedException {
    turn.lockInterruptibly();
    try {
      RuleSource.Current rules = module.rules();
      JmxScraper current = scraper;
      if (current == null || current.file() != rules.rules()) {
        current = new JmxScraper(rules.rules(), Limits.DEFAULT);
        scraper = current;
      }
      long started = System.nanoTime();
      Families families = null;
      String failure = "";
      try {
        families = scrape(current, target);
      } catch (IOException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        failure = cut(String.valueOf(e.getMessage() == null ? e : e.getMessage()));
      }
      report(failure);
      if (families != null) {
        families.write(sink);
      }
      write(
          sink,
          "jmx_scrape_duration_seconds",
          MetricType.GAUGE,
          "Time this JMX scrape took, in seconds.",
          (System.nanoTime() - started) / 1e9);
      write(
          sink,
          "jmx_scrape_error",
          MetricType.GAUGE,
          "Non-zero if this scrape failed.",
          families == null ? 1 : 0);
      write(
          sink,
          "jmx_scrape_cached_beans",
          MetricType.GAUGE,
          "Number of beans with their matching rule cached",
          current.cached());
      write(
          sink,
          "jmx_config_reload_success_total",
          MetricType.COUNTER,
          "Number of times configuration have successfully been reloaded.",
          rules.reloads());
      write(
          sink,
          "jmx_config_reload_failure_total",
          MetricType.COUNTER,
          "Number of times configuration have failed to be reloaded.",
          rules.failedReloads());
    } finally {
      turn.unlock();
    }
  }

  private Families scrape(JmxScraper current, Target target)
      throws IOException, InterruptedException {
    RuleFile file = current.file();
    Deadline deadline = Deadline.after(module.timeout(file));
    try (Beans beans = beans(target, file, deadline)) {
      return current.scrape(beans, deadline);
    } catch (IOException e) {
      if (target instanceof Target.Attached(long pid)) {
        localJvms.forget(pid); // its agent may listen elsewhere by now
      }
      throw e;
    }
  }

  private Beans beans(Target target, RuleFile file, Deadline deadline)
      throws IOException, InterruptedException {
    HostSockets sockets = new HostSockets(() -> module.tls(file));
    return switch (target) {
      case Target.Own _ -> new OwnBeans();
      case Target.Attached(long pid) -> {
        if (pid == ProcessHandle.current().pid()) { // a JVM does not attach to itself
          localJvms.check(pid, module::attaches);
          yield new OwnBeans();
        }
        yield RemoteBeans.connect(
            localJvms.endpoint(pid, module::attaches), Login.NONE, sockets, deadline);
      }
      case Target.Remote(var endpoint) ->
          RemoteBeans.connect(endpoint, module.login(file), sockets, deadline);
    };
  }

  /** Shortens a message, which may have words of the other JVM. */
  private static String cut(String message) {
    return message.length() <= LONGEST_MESSAGE ? message : message.substring(0, LONGEST_MESSAGE);
  }

  /** Logs when scrapes begin to fail, fail differently, and succeed again. */
  private void report(String failure) {
    if (!failure.equals(problem)) {
      if (failure.isEmpty()) {
        LOG.info("{} is scraped again", name);
      } else {
        LOG.warn("{} cannot be scraped: {}", name, failure);
      }
      problem = failure;
    }
  }

  private static void write(
      MetricSink sink, String metric, MetricType type, String help, double value) {
    sink.family(new MetricMetadata(metric, type, help, ""));
    sink.sample(metric, Labels.EMPTY, value);
  }
}
