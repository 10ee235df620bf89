package io.narthex.exporter.jvm.jmx;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.yaml.YamlText;
import io.narthex.yaml.YamlText.Limits;
import io.narthex.yaml.YamlText.Merge;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;

/** Reads and checks rule files. */
public final class RuleFileReader {
  private static final double LONGEST_SECONDS = 86_400;

  /** What belongs to the programs that jmx_exporter is, not to its rules. */
  private static final List<String> OF_ITS_SERVER = List.of("httpServer", "openTelemetry");

  private static final List<String> OF_THE_JVM =
      List.of(
          "com.sun.management:*",
          "com.sun.management.jmxremote:*",
          "java.lang:*",
          "java.nio:*",
          "java.util.logging:*",
          "javax.management:*",
          "javax.management.remote:*",
          "jdk.internal:*",
          "jdk.management:*",
          "jdk.management.jfr:*",
          "sun.management:*");

  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)\\}", 0);

  private static final Limits LIMITS = new Limits(1 << 20, 200_000, 32, true);

  private final Function<String, @Nullable String> environment;
  private final List<String> ignored = new ArrayList<>();
  private final List<String> mistakes = new ArrayList<>();

  private RuleFileReader(Function<String, @Nullable String> environment) {
    this.environment = environment;
  }

  /**
   * Reads a rule file.
   *
   * @param file its name for messages
   * @param environment values of environment variables, which user name and password may name
   * @throws ConfigException with place and reason when it cannot be used
   */
  public static RuleFile read(
      String file, String text, Function<String, @Nullable String> environment) {
    return new RuleFileReader(environment).file(YamlText.read(file, text, LIMITS, Merge.OWN_FIRST));
  }

  private RuleFile file(ConfigNode root) {
    Keys keys = Keys.of(root, "a rule file");
    RuleFile.@Nullable Connection connection = connection(keys);
    Duration timeout =
        keys.has("scrapeTimeoutSeconds") ? seconds(keys, "scrapeTimeoutSeconds", 0.001) : null;
    List<Rule> rules = new ArrayList<>();
    if (keys.has("rules")) {
      for (ConfigNode node : keys.list("rules")) {
        rules.add(rule(Keys.of(node, "a rule")));
      }
    } else {
      rules.add(Rule.ALL);
    }
    List<Customizer> customizers = new ArrayList<>();
    for (ConfigNode node : keys.list("metricCustomizers")) {
      customizers.add(customizer(Keys.of(node, "an item of metricCustomizers")));
    }
    OF_ITS_SERVER.forEach(keys::has);
    Duration startDelay = seconds(keys, "startDelaySeconds", 0);
    boolean lowercaseName = keys.flag("lowercaseOutputName", false);
    boolean lowercaseLabels = keys.flag("lowercaseOutputLabelNames", false);
    boolean inferCounter = keys.flag("inferCounterTypeFromName", false);
    BeanFilter filter = filter(keys);
    ignored.addAll(keys.unknown()); // after the last look at a key
    return new RuleFile(
        connection,
        startDelay,
        timeout,
        lowercaseName,
        lowercaseLabels,
        inferCounter,
        filter,
        customizers,
        rules,
        ignored,
        mistakes);
  }

  private static Duration seconds(Keys keys, String key, double least) {
    double seconds = keys.number(key, 0);
    if (!(seconds >= least && seconds <= LONGEST_SECONDS)) {
      throw keys.error(
          key + " must be from " + least + " s to " + LONGEST_SECONDS + " s, got " + seconds);
    }
    return Duration.ofMillis((long) (seconds * 1000));
  }

  private RuleFile.@Nullable Connection connection(Keys keys) {
    String hostPort = keys.text("hostPort");
    String url = keys.text("jmxUrl");
    String username = resolved(keys, "username");
    String password = resolved(keys, "password");
    RuleFile.@Nullable Tls tls = tls(keys.get("ssl"));
    if (hostPort != null && url != null) {
      throw keys.error("hostPort and jmxUrl exclude each other; remove one");
    }
    if (hostPort != null) {
      url = "service:jmx:rmi:///jndi/rmi://" + hostPort + "/jmxrmi";
    }
    return url == null ? null : new RuleFile.Connection(url, username, password, tls);
  }

  /** Returns the text of a key; <code>${NAME}</code> is that of an environment variable. */
  private @Nullable String resolved(Keys keys, String key) {
    ConfigNode node = keys.get(key);
    if (node == null) {
      return null;
    }
    String text = Keys.text(node, key);
    if (!text.startsWith("${") || !text.endsWith("}")) {
      return text;
    }
    var matcher = VARIABLE.matcher(text);
    if (!matcher.matches()) {
      throw new ConfigException(node.place() + ": " + key + " names no environment variable");
    }
    String value = environment.apply(matcher.group(1));
    if (value == null || value.isEmpty()) {
      throw new ConfigException(
          node.place()
              + ": environment variable "
              + matcher.group(1)
              + " of "
              + key
              + " is not set; set it for the server");
    }
    return value;
  }

  private RuleFile.@Nullable Tls tls(@Nullable ConfigNode node) {
    if (node == null) {
      return null;
    }
    if (node instanceof Scalar) {
      return Keys.flag(node, "ssl") ? new RuleFile.Tls(null, null, List.of(), List.of()) : null;
    }
    Keys keys = Keys.of(node, "ssl");
    RuleFile.Tls tls =
        new RuleFile.Tls(
            store(keys, "keyStore"),
            store(keys, "trustStore"),
            commaSeparated(keys.text("protocols")),
            commaSeparated(keys.text("ciphers")));
    boolean enabled = keys.flag("enabled", true);
    ignored.addAll(keys.unknown());
    return enabled ? tls : null;
  }

  private RuleFile.@Nullable Store store(Keys ssl, String key) {
    ConfigNode node = ssl.get(key);
    if (node == null) {
      return null;
    }
    Keys keys = Keys.of(node, key);
    String file = keys.text("filename");
    if (file == null || file.isEmpty()) {
      throw keys.error(key + " needs a filename");
    }
    String type = keys.text("type");
    String password = resolved(keys, "password");
    ignored.addAll(keys.unknown());
    return new RuleFile.Store(file, type == null ? "" : type, password == null ? "" : password);
  }

  private static List<String> commaSeparated(@Nullable String text) {
    if (text == null) {
      return List.of();
    }
    return List.of(text.split(",")).stream().map(String::strip).filter(s -> !s.isEmpty()).toList();
  }

  private BeanFilter filter(Keys keys) {
    List<ObjectName> include = names(keys, "includeObjectNames", "whitelistObjectNames");
    List<ObjectName> exclude =
        new ArrayList<>(names(keys, "excludeObjectNames", "blacklistObjectNames"));
    if (keys.flag("excludeJvmMetrics", false)) {
      OF_THE_JVM.forEach(n -> exclude.add(name(n)));
    }
    return new BeanFilter(
        include,
        exclude,
        attributes(keys, "includeObjectNameAttributes"),
        attributes(keys, "excludeObjectNameAttributes"),
        keys.flag("autoExcludeObjectNameAttributes", true));
  }

  private static ObjectName name(String text) {
    try {
      return new ObjectName(text);
    } catch (MalformedObjectNameException e) {
      throw new IllegalStateException(text, e); // only for names of this class
    }
  }

  private static List<ObjectName> names(Keys keys, String key, String old) {
    List<ObjectName> names = new ArrayList<>();
    boolean current = keys.has(key);
    boolean former = keys.has(old);
    for (ConfigNode node : keys.list(current || !former ? key : old)) {
      names.add(name(node, Keys.text(node, "an item of " + key)));
    }
    return names;
  }

  private static ObjectName name(ConfigNode node, String text) {
    try {
      return new ObjectName(text);
    } catch (MalformedObjectNameException e) {
      throw new ConfigException(
          node.place()
              + ": must be an object name such as \"java.lang:type=Memory\" or \"kafka.*:*\", got \""
              + text
              + "\": "
              + e.getMessage(),
          e);
    }
  }

  private static Map<ObjectName, Set<String>> attributes(Keys keys, String key) {
    ConfigNode node = keys.get(key);
    if (node == null) {
      return Map.of();
    }
    Map<ObjectName, Set<String>> all = new LinkedHashMap<>();
    for (ConfigNode.Entry e : Keys.of(node, key).entries()) {
      ConfigNode value = e.value();
      Set<String> names = new HashSet<>();
      List<ConfigNode> items = value instanceof ConfigNode.Sequence s ? s.items() : List.of(value);
      items.forEach(n -> names.add(Keys.text(n, "an attribute of " + key)));
      all.put(name(new Scalar(e.keyPlace(), e.key(), Scalar.Kind.STRING), e.key()), names);
    }
    return all;
  }

  private Rule rule(Keys keys) {
    ConfigNode patternNode = keys.get("pattern");
    Pattern pattern = null;
    if (patternNode != null) {
      String text = Keys.text(patternNode, "pattern");
      try {
        // searched: `^` and `$` in it mean the ends; what stands in front is as long as possible
        pattern = Pattern.compile("^.*(?:" + text + ").*$", 0);
      } catch (PatternSyntaxException e) {
        throw new ConfigException(
            patternNode.place()
                + ": pattern must be a regular expression of java.util.regex, got \""
                + text
                + "\": "
                + e.getDescription(),
            e);
      }
    }
    ConfigNode name = keys.get("name");
    ConfigNode help = keys.get("help");
    ConfigNode labels = keys.get("labels");
    if (name == null && (help != null || labels != null)) {
      throw keys.error("a rule with help or labels needs a name; add `name`");
    }
    if (name != null && pattern == null) {
      throw keys.error("a rule with a name needs a pattern; add `pattern`");
    }
    ConfigNode value = keys.get("value");
    Rule rule =
        new Rule(
            pattern,
            template(name, "name", pattern),
            value instanceof Scalar s && s.text().isEmpty()
                ? null
                : template(value, "value", pattern),
            keys.number("valueFactor", 1),
            labels(labels, pattern),
            template(help, "help", pattern),
            type(keys),
            keys.flag("cache", false),
            keys.flag("attrNameSnakeCase", false));
    ignored.addAll(keys.unknown());
    return rule;
  }

  private @Nullable Template template(
      @Nullable ConfigNode node, String key, @Nullable Pattern pattern) {
    if (node == null) {
      return null;
    }
    String text = Keys.text(node, key);
    if (pattern == null) {
      return Template.literal(text);
    }
    try {
      return Template.parse(text, pattern);
    } catch (IllegalArgumentException e) {
      mistakes.add(
          node.place()
              + ": "
              + key
              + " \""
              + text
              + "\": "
              + e.getMessage()
              + "; what the rule matches is left out");
      return Template.BROKEN;
    }
  }

  private List<Rule.LabelTemplate> labels(@Nullable ConfigNode node, @Nullable Pattern pattern) {
    if (node == null) {
      return List.of();
    }
    Map<String, Rule.LabelTemplate> labels = new LinkedHashMap<>();
    for (ConfigNode.Entry e : Keys.of(node, "labels").entries()) {
      Template name =
          template(
              new Scalar(e.keyPlace(), e.key(), Scalar.Kind.STRING),
              "the name of a label",
              pattern);
      Template value = template(e.value(), "label " + e.key(), pattern);
      if (name != null && value != null) {
        labels.put(e.key(), new Rule.LabelTemplate(name, value));
      }
    }
    return List.copyOf(labels.values());
  }

  private Rule.Type type(Keys keys) {
    ConfigNode node = keys.get("type");
    if (node == null) {
      return Rule.Type.UNKNOWN;
    }
    String text = Keys.text(node, "type");
    return switch (text) {
      case "COUNTER" -> Rule.Type.COUNTER;
      case "GAUGE" -> Rule.Type.GAUGE;
      case "UNTYPED", "UNKNOWN" -> Rule.Type.UNKNOWN;
      default -> {
        mistakes.add(
            node.place()
                + ": type must be COUNTER, GAUGE or UNTYPED, got \""
                + text
                + "\"; the metric is untyped");
        yield Rule.Type.UNKNOWN;
      }
    };
  }

  private Customizer customizer(Keys keys) {
    ConfigNode filterNode = keys.get("mbeanFilter");
    if (filterNode == null) {
      throw keys.error("an item of metricCustomizers needs mbeanFilter");
    }
    Keys filter = Keys.of(filterNode, "mbeanFilter");
    String domain = filter.text("domain");
    if (domain == null) {
      throw filter.error("mbeanFilter needs a domain");
    }
    Map<String, String> properties = new LinkedHashMap<>();
    ConfigNode propertiesNode = filter.get("properties");
    if (propertiesNode != null) {
      for (ConfigNode.Entry e : Keys.of(propertiesNode, "properties").entries()) {
        properties.put(e.key(), Keys.text(e.value(), "property " + e.key()));
      }
    }
    if (!keys.has("attributesAsLabels") && !keys.has("extraMetrics")) {
      throw keys.error("an item of metricCustomizers needs attributesAsLabels or extraMetrics");
    }
    List<Customizer.Extra> extras = new ArrayList<>();
    for (ConfigNode node : keys.list("extraMetrics")) {
      extras.add(extra(Keys.of(node, "an item of extraMetrics")));
    }
    Customizer customizer =
        new Customizer(domain, properties, keys.texts("attributesAsLabels"), extras);
    ignored.addAll(filter.unknown());
    ignored.addAll(keys.unknown());
    return customizer;
  }

  private Customizer.Extra extra(Keys keys) {
    String name = keys.text("name");
    ConfigNode value = keys.get("value");
    if (name == null || value == null) {
      throw keys.error("an item of extraMetrics needs name and value");
    }
    String description = keys.text("description");
    String text = Keys.text(value, "value");
    Object number;
    if (text.equals("true") || text.equals("false")) {
      number = Boolean.valueOf(text);
    } else {
      try {
        number = Double.valueOf(text);
      } catch (NumberFormatException e) {
        throw Keys.error(value, "value of an extra metric must be a number, true or false");
      }
    }
    ignored.addAll(keys.unknown());
    return new Customizer.Extra(name, number, description == null ? "" : description);
  }
}
