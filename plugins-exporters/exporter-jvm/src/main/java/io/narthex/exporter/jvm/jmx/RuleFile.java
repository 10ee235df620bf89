package io.narthex.exporter.jvm.jmx;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a rule file says.
 *
 * @param connection null: the file names no JVM
 * @param startDelay for so long after it was read there are no metrics
 * @param timeout of a scrape; null: not given
 * @param ignored keys that have no effect here, with their places
 * @param mistakes what is wrong in rules that are used all the same, with places, for users
 */
public record RuleFile(
    @Nullable Connection connection,
    Duration startDelay,
    @Nullable Duration timeout,
    boolean lowercaseOutputName,
    boolean lowercaseOutputLabelNames,
    boolean inferCounterTypeFromName,
    BeanFilter filter,
    List<Customizer> customizers,
    List<Rule> rules,
    List<String> ignored,
    List<String> mistakes) {
  /** Copies the lists. */
  public RuleFile {
    customizers = List.copyOf(customizers);
    rules = List.copyOf(rules);
    ignored = List.copyOf(ignored);
    mistakes = List.copyOf(mistakes);
  }

  /**
   * The JVM that a rule file names.
   *
   * @param url of the JMX service
   * @param tls null: without TLS
   */
  public record Connection(
      String url, @Nullable String username, @Nullable String password, @Nullable Tls tls) {
    @Override
    public String toString() {
      return "Connection[url=" + url + "]"; // without the password
    }
  }

  /** TLS of a connection; empty texts and lists mean the defaults of the JDK. */
  public record Tls(
      @Nullable Store keyStore,
      @Nullable Store trustStore,
      List<String> protocols,
      List<String> ciphers) {
    /** Copies the lists. */
    public Tls {
      protocols = List.copyOf(protocols);
      ciphers = List.copyOf(ciphers);
    }
  }

  /** A file with keys or certificates. */
  public record Store(String file, String type, String password) {
    @Override
    public String toString() {
      return "Store[file=" + file + "]"; // without the password
    }
  }
}
