package io.narthex.core.config;

import io.narthex.format.duration.PromDuration;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
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
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The command line in Prometheus' form: {@code --name=value}, {@code --name value}, {@code --bool},
 * {@code --no-bool}, {@code @file} with one argument a line. Immutable.
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

  private record Spec(String name, String type, String defaultValue, String help, boolean hidden) {
    boolean isBool() {
      return type.equals("bool");
    }
  }

  private static final Map<String, Spec> SPECS = readSpecs();
  private static final Pattern SIZE = Pattern.compile("[0-9]+(B|[KMGTPE]i?B)", 0);

  private final Map<String, List<String>> values;
  private final boolean help;
  private final boolean version;

  private Flags(Map<String, List<String>> values, boolean help, boolean version) {
    this.values = values;
    this.help = help;
    this.version = version;
  }

  private static Map<String, Spec> readSpecs() {
    Map<String, Spec> specs = new LinkedHashMap<>();
    try (InputStream in =
            Objects.requireNonNull(Flags.class.getResourceAsStream("flags.txt"), "flags.txt");
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.isBlank() || line.startsWith("#")) {
          continue;
        }
        String[] parts = line.split(" *\\| *", 4);
        boolean hidden = parts[0].startsWith("~");
        String name = hidden ? parts[0].substring(1) : parts[0];
        specs.put(name, new Spec(name, parts[1], parts[2].strip(), parts[3], hidden));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return specs;
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
        // Prometheus ends with 1 for an argument that is no flag
        throw new FlagException(
            argument.startsWith("-") ? 2 : 1, "Error parsing command line arguments: " + what);
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
            2, "Error parsing command line arguments: unknown long flag '--" + name + "'");
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
            2, "Error parsing command line arguments: expected argument for flag '--" + name + "'");
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
            spec.defaultValue().isEmpty() && spec.type().equals("list")
                ? List.of()
                : List.of(spec.defaultValue());
      }
      all.put(spec.name(), List.copyOf(value));
    }
    return new Flags(Collections.unmodifiableMap(all), help, version);
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
          case "int" ->
              value.matches("-?[0-9]+")
                  ? null
                  : "expected integer for flag '--" + spec.name() + "', got \"" + value + "\"";
          case "float" ->
              value.matches("-?[0-9]*[.]?[0-9]+")
                  ? null
                  : "expected number for flag '--" + spec.name() + "', got \"" + value + "\"";
          case "duration" -> durationProblem(value);
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
      String wrong =
          spec.name().endsWith(".size")
              ? SIZE.matcher(value).matches()
                  ? null
                  : "unknown unit provided or invalid size \"" + value + "\"; use for example 512MB"
              : durationProblem(value);
      if (wrong != null) {
        throw new FlagException(2, "Error parsing command line arguments: " + wrong);
      }
    }
    if (spec.name().startsWith("storage.agent.")) {
      throw new FlagException(
          3, "The following flag(s) can only be used in agent mode: [\"--" + spec.name() + "\"]");
    }
    if (spec.name().equals("agent") && value.equals("true")) {
      throw new FlagException(3, "--agent: agent mode is not available yet; run without it");
    }
  }

  private static @Nullable String durationProblem(String value) {
    try {
      PromDuration.parse(value);
      return null;
    } catch (IllegalArgumentException e) {
      return e.getMessage();
    }
  }

  /** Tells whether help is asked for. */
  public boolean help() {
    return help;
  }

  /** Tells whether the version is asked for. */
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

  /** Tells whether {@code --enable-feature} names a feature. */
  public boolean feature(String name) {
    for (String value : list("enable-feature")) {
      if (List.of(value.split(",")).contains(name)) {
        return true;
      }
    }
    return false;
  }

  /** Returns the help text. */
  public static String usage() {
    StringBuilder b = new StringBuilder(4096);
    b.append(
        "usage: narthex [<flags>]\n       narthex plugin list|info|install|update|remove|rollback|enable|disable|log …\n\n");
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
      b.append("  ").append(left).append('\n').append("        ").append(spec.help()).append('\n');
    }
    return b.append(
            "  -h, --help\n        Show this text.\n  --version\n        Show the version.\n")
        .toString();
  }
}
