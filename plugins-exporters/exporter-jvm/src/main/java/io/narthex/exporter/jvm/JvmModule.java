package io.narthex.exporter.jvm;

import io.narthex.exporter.jvm.jmx.BoundedPattern;
import io.narthex.exporter.jvm.jmx.RuleFile;
import io.narthex.exporter.jvm.remote.Endpoint;
import io.narthex.exporter.jvm.remote.Login;
import io.narthex.exporter.jvm.remote.StoreSockets;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.PatternSyntaxException;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/** One module of the configuration: which JVMs it is for, and how they are met. Thread-safe. */
final class JvmModule {
  private static final String ATTACH = "attach:";
  private static final long LONGEST_PASSWORD = 4_096;

  private final String name;
  private final ModuleConfig config;
  private final PluginContext context;
  private final RuleSource rules;
  private final Map<String, Endpoint> targets = new TreeMap<>();
  private final List<BoundedPattern> attach = new ArrayList<>();

  /**
   * Checks a module.
   *
   * @throws ConfigException when it cannot be used
   */
  JvmModule(String name, ModuleConfig config, PluginContext context) {
    this.name = name;
    this.config = config;
    this.context = context;
    String where = "modules: " + name + ": ";
    for (String target : config.targets()) {
      try {
        targets.put(target, Endpoint.parse(target));
      } catch (IllegalArgumentException e) {
        throw new ConfigException(where + "targets: " + e.getMessage(), e);
      }
    }
    for (String pattern : config.attach()) {
      try {
        attach.add(new BoundedPattern(pattern));
      } catch (PatternSyntaxException e) {
        throw new ConfigException(
            where
                + "attach: must be a regular expression of java.util.regex, got \""
                + pattern
                + "\": "
                + e.getDescription(),
            e);
      }
    }
    boolean password = config.password() != null || !config.passwordFile().isEmpty();
    if (password && config.username().isEmpty()) {
      throw new ConfigException(where + "a password needs a username; add `username`");
    }
    try {
      rules = new RuleSource(config.rulesFile());
    } catch (ConfigException e) {
      throw new ConfigException(where + e.getMessage(), e);
    }
    RuleFile.Connection connection = rules.current().rules().connection();
    if (connection != null) {
      try {
        Endpoint unused = Endpoint.parse(connection.url());
      } catch (IllegalArgumentException e) {
        throw new ConfigException(where + config.rulesFile() + ": " + e.getMessage(), e);
      }
    }
  }

  RuleSource.Current rules() {
    return rules.current();
  }

  Duration timeout(RuleFile file) {
    Duration own = config.timeout();
    return file.timeout() != null && file.timeout().compareTo(own) < 0 ? file.timeout() : own;
  }

  /**
   * Returns what the parameter {@code target} means.
   *
   * @param target null: absent
   * @throws IllegalArgumentException when the settings do not allow it, with a message for users
   */
  Target target(@Nullable String target) {
    RuleFile.Connection connection = rules.current().rules().connection();
    if (target == null) {
      if (connection != null) {
        return new Target.Remote(Endpoint.parse(connection.url()));
      }
      if (targets.isEmpty() && attach.isEmpty()) {
        return new Target.Own();
      }
      if (targets.size() == 1 && attach.isEmpty()) {
        return new Target.Remote(targets.values().iterator().next());
      }
      throw new IllegalArgumentException(
          "module \"" + name + "\" has several JVMs; name one by the parameter target");
    }
    if (target.startsWith(ATTACH)) {
      return attached(target);
    }
    Endpoint endpoint = targets.get(target);
    if (endpoint == null && connection != null && names(connection, target)) {
      endpoint = Endpoint.parse(connection.url());
    }
    if (endpoint == null) {
      throw new IllegalArgumentException(
          "module \""
              + name
              + "\" does not allow this target; add it to targets of the module in narthex.yml");
    }
    return new Target.Remote(endpoint);
  }

  private static boolean names(RuleFile.Connection connection, String target) {
    return target.equals(connection.url())
        || connection.url().equals("service:jmx:rmi:///jndi/rmi://" + target + "/jmxrmi");
  }

  private Target attached(String target) {
    if (attach.isEmpty()) {
      throw new IllegalArgumentException(
          "module \"" + name + "\" attaches to no JVM; allow main classes by attach of the module");
    }
    long pid = 0;
    try {
      pid = Long.parseLong(target.substring(ATTACH.length()));
    } catch (NumberFormatException _) {
      // refused below
    }
    if (pid <= 0) {
      throw new IllegalArgumentException("a local JVM is named attach:PID");
    }
    return new Target.Attached(pid);
  }

  /** Returns whether a local JVM with this main class, or jar file, may be attached to. */
  boolean attaches(String mainClass) {
    return attach.stream().anyMatch(p -> p.matches(mainClass));
  }

  Login login(RuleFile file) throws IOException {
    RuleFile.Connection connection = file.connection();
    boolean tls = config.tlsConfig() != null || connection != null && connection.tls() != null;
    if (!config.username().isEmpty()) {
      return new Login(config.username(), password(), tls, tls && config.registryTls());
    }
    return connection == null
        ? new Login(null, null, tls, tls && config.registryTls())
        : new Login(connection.username(), connection.password(), tls, tls && config.registryTls());
  }

  private String password() throws IOException {
    if (config.password() != null) {
      return config.password().reveal();
    }
    if (config.passwordFile().isEmpty()) {
      return "";
    }
    Path path = Path.of(config.passwordFile());
    if (Files.size(path) > LONGEST_PASSWORD) {
      throw new IOException(path + ": a password has at most " + LONGEST_PASSWORD + " bytes");
    }
    return Files.readString(path, StandardCharsets.UTF_8).strip();
  }

  /** Returns the TLS of a new connection; its files are read again, they may have changed. */
  SSLSocketFactory tls(RuleFile file) {
    RuleFile.Connection connection = file.connection();
    RuleFile.Tls tls = connection == null ? null : connection.tls();
    if (config.tlsConfig() != null || tls == null || isPlain(tls)) {
      return context.tls(config.tlsConfig());
    }
    try {
      return new StoreSockets(tls, context.configDirectory());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isPlain(RuleFile.Tls tls) {
    return tls.keyStore() == null
        && tls.trustStore() == null
        && tls.protocols().isEmpty()
        && tls.ciphers().isEmpty();
  }
}
