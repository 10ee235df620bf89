package io.narthex.core.config;

import io.narthex.model.go.GoUrl;
import io.narthex.model.go.PromDuration;
import io.narthex.text.re2.Re2;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The command line in Prometheus' form: {@code --name=value}, {@code --name value}, {@code --bool},
 * {@code --no-bool}, {@code @file} with one argument per line. Immutable.
 */
public final class Flags {
  /** A command line that cannot be used. */
  public static final class FlagException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int exitStatus;

    FlagException(int exitStatus, String message) {
      super(message);
      this.exitStatus = exitStatus;
    }

    /** Returns the exit status Prometheus ends with in this case. */
    public int exitStatus() {
      return exitStatus;
    }
  }

  /** A flag; {@code noEffect} says why it has none, or is empty. */
  private record Spec(
      String name, String type, String defaultValue, String help, String noEffect, boolean hidden) {
    boolean isBool() {
      return type.equals("bool");
    }
  }

  private static final Map<String, Spec> SPECS = readSpecs();
  private static final Map<String, String> FEATURES = readFeatures();
  private static final Pattern SIZE = Pattern.compile("[0-9]+(B|[KMGTPE]i?B)", 0);

  private final Map<String, List<String>> values;
  private final Set<String> given;
  private final boolean help;
  private final boolean version;

  private Flags(
      Map<String, List<String>> values, Set<String> given, boolean help, boolean version) {
    this.values = values;
    this.given = given;
    this.help = help;
    this.version = version;
  }

  private static Map<String, Spec> readSpecs() {
    Map<String, Spec> specs = new LinkedHashMap<>();
    for (String line : lines("flags.txt")) {
      String[] parts = line.split(" *\\| *", 5);
      boolean hidden = parts[0].startsWith("~");
      String name = hidden ? parts[0].substring(1) : parts[0];
      String noEffect = parts.length > 4 ? parts[4].strip() : "";
      specs.put(
          name, new Spec(name, parts[1], parts[2].strip(), parts[3].strip(), noEffect, hidden));
    }
    return specs;
  }

  private static List<String> lines(String resource) {
    try (InputStream in =
        Objects.requireNonNull(Flags.class.getResourceAsStream(resource), resource)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(l -> !l.isBlank() && !l.startsWith("#"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Parses arguments.
   *
   * @throws FlagException for an unknown flag, a missing or unusable value
   */
  public static Flags parse(List<String> arguments) {
    Map<String, List<String>> given = new LinkedHashMap<>();
    boolean help = false;
    boolean version = false;
    List<String> rest = expandFiles(arguments);
    for (int i = 0; i < rest.size(); i++) {
      String argument = rest.get(i);
      switch (argument) {
        case "-h", "--help", "--help-long", "--help-man" -> {
          help = true;
          continue;
        }
        case "--version" -> {
          version = true;
          continue;
        }
        default -> {}
      }
      if (!argument.startsWith("--")) {
        String what =
            argument.startsWith("-")
                ? "unknown short flag '" + argument + "'"
                : "unexpected " + argument;
        // Prometheus ends with 1 for arguments it cannot parse, with 2 for values
        throw new FlagException(1, "Error parsing command line arguments: " + what);
      }
      int equals = argument.indexOf('=');
      String name = argument.substring(2, equals < 0 ? argument.length() : equals);
      Spec spec = SPECS.get(name);
      if (spec == null && equals < 0 && name.startsWith("no-")) {
        Spec positive = SPECS.get(name.substring(3));
        if (positive != null && positive.isBool()) {
          given.put(positive.name(), List.of("false"));
          continue;
        }
      }
      if (spec == null) {
        throw new FlagException(
            1, "Error parsing command line arguments: unknown long flag '--" + name + "'");
      }
      String value;
      if (equals >= 0 && spec.isBool()) {
        throw new FlagException(
            1,
            "Error parsing command line arguments: unexpected "
                + argument.substring(equals + 1)
                + "; use --"
                + name
                + " or --no-"
                + name);
      } else if (equals >= 0) {
        value = argument.substring(equals + 1);
      } else if (spec.isBool()) {
        value = "true";
      } else if (i + 1 < rest.size()) {
        value = rest.get(++i);
      } else {
        throw new FlagException(
            1, "Error parsing command line arguments: expected argument for flag '--" + name + "'");
      }
      if (spec.type().equals("int")) {
        value = whole(spec, value);
      }
      check(spec, value);
      if (spec.type().equals("list")) {
        given.computeIfAbsent(name, k -> new ArrayList<>()).add(value);
      } else if (given.containsKey(name)) {
        throw new FlagException(
            2, "Error parsing command line arguments: flag '" + name + "' cannot be repeated");
      } else {
        given.put(name, List.of(value));
      }
    }
    Map<String, List<String>> all = new LinkedHashMap<>();
    for (Spec spec : SPECS.values()) {
      List<String> value = given.get(spec.name());
      if (value == null) {
        value =
            !spec.type().equals("list")
                ? List.of(spec.defaultValue())
                : spec.defaultValue().isEmpty()
                    ? List.of()
                    : List.of(spec.defaultValue().split(",", -1));
      }
      all.put(spec.name(), List.copyOf(value));
    }
    return new Flags(Collections.unmodifiableMap(all), Set.copyOf(given.keySet()), help, version);
  }

  private static List<String> expandFiles(List<String> arguments) {
    List<String> out = new ArrayList<>();
    for (String argument : arguments) {
      if (argument.startsWith("@") && argument.length() > 1) {
        try {
          for (String line : Files.readAllLines(Path.of(argument.substring(1)))) {
            if (!line.isBlank() && !line.startsWith("#")) {
              out.add(line.strip());
            }
          }
        } catch (IOException e) {
          throw new FlagException(
              2,
              "Error parsing command line arguments: "
                  + argument
                  + " cannot be read: "
                  + e.getMessage());
        }
      } else {
        out.add(argument);
      }
    }
    return out;
  }

  private static void check(Spec spec, String value) {
    String problem =
        switch (spec.type()) {
          case "bool" ->
              value.equals("true") || value.equals("false")
                  ? null
                  : "bool value expected for flag '--" + spec.name() + "', got \"" + value + "\"";
          case "float" ->
              value.matches("-?[0-9]*[.]?[0-9]+")
                  ? null
                  : "expected number for flag '--" + spec.name() + "', got \"" + value + "\"";
          case "duration" -> durationProblem(value);
          case "size" -> sizeProblem(value);
          default -> null;
        };
    if (problem != null) {
      throw new FlagException(2, "Error parsing command line arguments: " + problem);
    }
    if (spec.name().equals("log.level")
        && !List.of("debug", "info", "warn", "error").contains(value)) {
      throw new FlagException(
          2,
          "Error parsing command line arguments: unrecognized log level "
              + value
              + "; use debug, info, warn or error");
    }
    if (spec.name().equals("log.format") && !List.of("logfmt", "json").contains(value)) {
      throw new FlagException(
          2,
          "Error parsing command line arguments: unrecognized log format "
              + value
              + "; use logfmt or json");
    }
    if (spec.name().startsWith("storage.tsdb.retention") && !value.isEmpty()) {
      String wrong = spec.name().endsWith(".size") ? sizeProblem(value) : durationProblem(value);
      if (wrong != null) {
        throw new FlagException(2, "Error parsing command line arguments: " + wrong);
      }
    }
    special(spec.name(), value);
    if (spec.name().startsWith("storage.agent.")) {
      throw new FlagException(
          3, "The following flag(s) can only be used in agent mode: [\"--" + spec.name() + "\"]");
    }
    if (spec.name().equals("agent") && value.equals("true")) {
      throw new FlagException(3, "--agent: agent mode is not available yet; run without it");
    }
  }

  /** Returns a whole number, which may be written {@code 5e7}, in digits. */
  private static String whole(Spec spec, String value) {
    try {
      BigDecimal number = new BigDecimal(value).setScale(0, RoundingMode.DOWN);
      boolean large = spec.name().contains("sample"); // these counts are 64 bits wide
      if (number.precision() <= 19
          && (large
                      ? BigDecimal.valueOf(number.longValue())
                      : BigDecimal.valueOf(number.intValue()))
                  .compareTo(number)
              == 0) {
        return number.toPlainString();
      }
      throw new FlagException(
          2,
          "Error parsing command line arguments: --"
              + spec.name()
              + ": "
              + value
              + " is out of range");
    } catch (NumberFormatException | ArithmeticException e) {
      throw new FlagException(
          2,
          "Error parsing command line arguments: expected integer for flag '--"
              + spec.name()
              + "', got \""
              + value
              + "\"");
    }
  }

  /** Checks values by the rules of a single flag, with Prometheus' exit status. */
  private static void special(String name, String value) {
    switch (name) {
      case "web.cors.origin" -> {
        try {
          Re2.compileAnchored(value);
        } catch (RuntimeException e) {
          throw new FlagException(
              2, "could not compile CORS regex string \"" + value + "\": " + e.getMessage());
        }
      }
      case "web.external-url" -> {
        if (!value.isEmpty() && !value.startsWith("/")) {
          try {
            GoUrl url = GoUrl.parse(value);
            if (!url.scheme().isEmpty() && !url.host().isEmpty()) {
              return;
            }
          } catch (GoUrl.InvalidUrlException _) {
            // reported below
          }
          throw new FlagException(
              2,
              "parse external URL \""
                  + value
                  + "\": give a URL such as http://host:9090/prometheus");
        }
      }
      case "alertmanager.notification-queue-capacity" -> {
        if (value.startsWith("-")) {
          throw new FlagException(
              2, "--alertmanager.notification-queue-capacity must not be negative, got " + value);
        }
      }
      case "web.remote-write-receiver.accepted-protobuf-messages" -> {
        List<String> known = List.of("prometheus.WriteRequest", "io.prometheus.write.v2.Request");
        if (!known.contains(value)) {
          throw new FlagException(
              2,
              "Error parsing command line arguments: unknown type for remote write protobuf message "
                  + value
                  + ", supported: "
                  + String.join(", ", known));
        }
      }
      case "auto-gomemlimit.ratio" -> {
        double ratio = Double.parseDouble(value);
        if (!(ratio > 0 && ratio <= 1)) {
          throw new FlagException(
              1, "--auto-gomemlimit.ratio must be greater than 0 and less than or equal to 1.");
        }
      }
      case "storage.tsdb.wal-segment-size" -> {
        long bytes = bytes(value);
        if (bytes != 0 && (bytes < 10L << 20 || bytes > 256L << 20)) {
          throw new FlagException(
              1, "flag 'storage.tsdb.wal-segment-size' must be set between 10MB and 256MB");
        }
      }
      default -> {}
    }
  }

  private static long bytes(String size) {
    long number = Long.parseLong(size.replaceAll("[^0-9].*", ""));
    int power = "BKMGTPE".indexOf(size.charAt(size.replaceAll("[^0-9].*", "").length()));
    return number > Long.MAX_VALUE >> 10 * power ? Long.MAX_VALUE : number << 10 * power;
  }

  private static @Nullable String sizeProblem(String value) {
    return SIZE.matcher(value).matches()
        ? null
        : "unknown unit provided or invalid size \"" + value + "\"; use for example 512MB";
  }

  private static @Nullable String durationProblem(String value) {
    try {
      PromDuration.parse(value);
      return null;
    } catch (IllegalArgumentException e) {
      return e.getMessage();
    }
  }

  /** Returns whether help is asked for. */
  public boolean help() {
    return help;
  }

  /** Returns whether the version is asked for. */
  public boolean version() {
    return version;
  }

  /** Returns all flags with their values, defaults included. */
  public Map<String, List<String>> values() {
    return values;
  }

  /** Returns all values of a flag. */
  public List<String> list(String name) {
    return Objects.requireNonNull(values.get(name), name);
  }

  /** Returns the value of a flag, empty when it has none. */
  public String text(String name) {
    List<String> list = list(name);
    return list.isEmpty() ? "" : String.join(",", list);
  }

  /** Returns the value of a boolean flag. */
  public boolean bool(String name) {
    return text(name).equals("true");
  }

  /** Returns the value of a duration flag. */
  public Duration duration(String name) {
    return PromDuration.parse(text(name));
  }

  /** Returns whether {@code --enable-feature} names a feature. */
  public boolean feature(String name) {
    for (String value : list("enable-feature")) {
      if (List.of(value.split(",")).contains(name)) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether changed files are reloaded automatically. */
  public boolean autoReload() {
    return bool("config.auto-reload") || feature("auto-reload-config");
  }

  /** Returns the given flags that have no effect, with the reason. */
  public Map<String, String> withoutEffect() {
    Map<String, String> out = new LinkedHashMap<>();
    for (Spec spec : SPECS.values()) {
      if (given.contains(spec.name()) && !spec.noEffect().isEmpty()) {
        out.put("--" + spec.name(), spec.noEffect());
      }
    }
    for (String feature : features()) {
      String why = FEATURES.get(feature);
      if (why != null && !why.isEmpty()) {
        out.put("--enable-feature=" + feature, why);
      }
    }
    return out;
  }

  /** Returns the unknown names in {@code --enable-feature}. */
  public List<String> unknownFeatures() {
    return features().stream().filter(f -> !FEATURES.containsKey(f)).toList();
  }

  private List<String> features() {
    List<String> out = new ArrayList<>();
    for (String value : list("enable-feature")) {
      for (String name : value.split(",", -1)) {
        if (!name.isEmpty() && !out.contains(name)) {
          out.add(name);
        }
      }
    }
    return out;
  }

  private static Map<String, String> readFeatures() {
    Map<String, String> out = new LinkedHashMap<>();
    for (String line : lines("features.txt")) {
      String[] parts = line.split(" *\\| *", 2);
      out.put(parts[0], parts[1].strip());
    }
    return out;
  }

  /** Returns the help text. */
  public static String usage() {
    StringBuilder b = new StringBuilder(4096);
    b.append(
        "usage: narthex [<flags>]\n       narthex plugin list|info|install|update|remove|rollback|enable|disable|log …\n       narthex check config|rules|alertmanager-config|web-config|service-discovery|secrets|metrics|healthy|ready …\n\n");
    b.append("One server that does the work of the Prometheus stack.\n\nFlags:\n");
    for (Spec spec : SPECS.values()) {
      if (spec.hidden()) {
        continue;
      }
      String left =
          "--"
              + (spec.isBool()
                  ? "[no-]" + spec.name()
                  : spec.name()
                      + (spec.defaultValue().isEmpty() ? "=…" : "=" + spec.defaultValue()));
      b.append("  ").append(left).append('\n').append("        ").append(spec.help());
      if (!spec.noEffect().isEmpty()) {
        b.append(" No effect: ").append(spec.noEffect()).append('.');
      }
      b.append('\n');
    }
    return b.append(
            "  -h, --help\n        Show this text.\n  --version\n        Show the version.\n")
        .toString();
  }
}
