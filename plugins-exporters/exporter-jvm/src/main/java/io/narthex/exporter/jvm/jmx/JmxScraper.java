package io.narthex.exporter.jvm.jmx;

import java.io.IOException;
import javax.management.JMException;

/** Scrapes one JVM by the rules of one file. Not thread-safe. */
public final class JmxScraper {
  private final RuleFile file;
  private final Limits limits;
  private final BeanReader reader;
  private final RuleEngine engine;

  /** Creates one for a JVM that has not been scraped yet. */
  public JmxScraper(RuleFile file, Limits limits) {
    this.file = file;
    this.limits = limits;
    reader = new BeanReader(file.filter(), file.customizers(), limits);
    engine = new RuleEngine(file);
  }

  /** Returns the rules. */
  public RuleFile file() {
    return file;
  }

  /** Returns for how many attributes the outcome of a rule is kept. */
  public int cached() {
    return engine.cache().size();
  }

  /**
   * Reads the MBeans and applies the rules.
   *
   * @throws JmxException with a message for users, when the JVM has too much or takes too long
   */
  public Families scrape(Beans beans, Deadline deadline) throws IOException, InterruptedException {
    Families families = new Families(limits, file.inferCounterTypeFromName());
    engine.cache().begin();
    try {
      reader.read(beans, value -> engine.apply(value, families, deadline), deadline);
    } catch (JMException e) {
      throw new JmxException("MBeans cannot be listed: " + e.getMessage(), e);
    } finally {
      engine.cache().end();
    }
    return families;
  }
}
