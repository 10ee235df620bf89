package io.narthex.exporter.node;

import io.narthex.exporter.node.DBusMessage.Call;
import io.narthex.model.MetricType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Units of systemd, asked over D-Bus: all of their states in one call, details in a second round.
 */
final class SystemdCollector {
  private static final String PREFIX = "node_systemd_";
  private static final String SYSTEMD = "org.freedesktop.systemd1";
  private static final String MANAGER_PATH = "/org/freedesktop/systemd1";
  private static final String MANAGER = "org.freedesktop.systemd1.Manager";
  private static final String UNIT = "org.freedesktop.systemd1.Unit";
  private static final String SERVICE = "org.freedesktop.systemd1.Service";
  private static final String SOCKET = "org.freedesktop.systemd1.Socket";
  private static final String TIMER = "org.freedesktop.systemd1.Timer";
  private static final String MOUNT = "org.freedesktop.systemd1.Mount";
  private static final String EXCLUDED = ".+\\.(automount|device|mount|scope|slice|target)";
  private static final List<String> STATES =
      List.of("activating", "active", "deactivating", "failed", "inactive");
  private static final Pattern VERSION = Pattern.compile("[0-9]+(?:\\.[0-9]+)?", 0);
  private static final double MICROS = 1e6;

  /** A unit as ListUnits tells it. */
  private record Unit(String name, String load, String active, String path) {}

  /** A question, and what is done with its answer; an error is no answer. */
  private record Question(Call call, AnswerTaker taker) {}

  @FunctionalInterface
  private interface AnswerTaker {
    void take(Object value);
  }

  private final List<Path> sockets;
  private final Duration limit;
  private final @Nullable Pattern include;
  private final @Nullable Pattern exclude;
  private final boolean restarts;
  private final boolean startTimes;
  private final boolean tasks;

  /**
   * Creates one.
   *
   * @param sockets of the message bus, then of systemd itself; the first that exists is used
   * @param limit for all answers together
   */
  SystemdCollector(Host host, List<Path> sockets, Duration limit) {
    this.sockets = List.copyOf(sockets);
    this.limit = limit;
    include = host.flags.pattern("collector.systemd.unit-include", ".+");
    exclude = host.flags.pattern("collector.systemd.unit-exclude", EXCLUDED);
    restarts = host.flags.on("collector.systemd.enable-restarts-metrics", false);
    startTimes = host.flags.on("collector.systemd.enable-start-time-metrics", false);
    tasks = host.flags.on("collector.systemd.enable-task-metrics", false);
  }

  void collect(Host host, Out out) throws IOException, InterruptedException {
    for (Path socket : sockets) {
      if (Files.exists(socket)) {
        boolean bus = socket.equals(sockets.getFirst());
        try (DBusConnection systemd = DBusConnection.open(socket, bus, limit)) {
          collect(systemd, out);
        }
        return;
      }
    }
    throw new NoData("no systemd: none of " + sockets + " exists");
  }

  private void collect(DBusConnection systemd, Out out) throws IOException, InterruptedException {
    List<DBusMessage> first =
        systemd.call(
            List.of(
                new Call(SYSTEMD, MANAGER_PATH, MANAGER, "ListUnits", List.of()),
                property(MANAGER_PATH, MANAGER, "Version"),
                property(MANAGER_PATH, MANAGER, "Virtualization"),
                property(MANAGER_PATH, MANAGER, "SystemState")));
    List<Unit> units = units(first.get(0));
    version(text(first.get(1)), out);
    gauge(
        out,
        "virtualization_info",
        "Detected virtualization technology",
        1,
        "virtualization_type",
        virtualization(text(first.get(2))));
    gauge(
        out,
        "system_running",
        "Whether the system is operational (see 'systemctl is-system-running')",
        text(first.get(3)).equals("running") ? 1 : 0);
    summary(units, out);
    List<Question> questions = new ArrayList<>();
    for (Unit unit : units) {
      if (unit.load.equals("loaded") && takes(unit.name)) {
        ask(unit, questions, out);
      }
    }
    List<DBusMessage> answers = systemd.call(questions.stream().map(Question::call).toList());
    for (int i = 0; i < answers.size(); i++) {
      DBusMessage answer = answers.get(i);
      AnswerTaker taker = questions.get(i).taker;
      boolean told = answer.type() == DBusMessage.REPLY && !answer.body().isEmpty();
      taker.take(told ? answer.body().getFirst() : "");
    }
  }

  private boolean takes(String name) {
    return (include == null || include.matcher(name).matches())
        && (exclude == null || !exclude.matcher(name).matches());
  }

  private static Call property(String path, String of, String name) {
    return new Call(SYSTEMD, path, "org.freedesktop.DBus.Properties", "Get", List.of(of, name));
  }

  private static List<Unit> units(DBusMessage answer) throws IOException {
    if (answer.type() != DBusMessage.REPLY || answer.body().size() != 1) {
      throw new IOException("systemd does not list its units: " + answer.error());
    }
    List<Unit> units = new ArrayList<>();
    for (Object each : (List<?>) answer.body().getFirst()) {
      if (!(each instanceof List<?> f) || f.size() < 7) {
        throw new IOException("systemd lists units in another form than known");
      }
      units.add(
          new Unit(
              String.valueOf(f.get(0)),
              String.valueOf(f.get(2)),
              String.valueOf(f.get(3)),
              String.valueOf(f.get(6))));
    }
    return units;
  }

  private static String text(DBusMessage answer) throws IOException {
    if (answer.type() != DBusMessage.REPLY || answer.body().isEmpty()) {
      throw new IOException("systemd does not tell a property: " + answer.error());
    }
    return String.valueOf(answer.body().getFirst());
  }

  private static void version(String version, Out out) {
    Matcher m = VERSION.matcher(version);
    if (m.find()) {
      gauge(
          out,
          "version",
          "Detected systemd version",
          Double.parseDouble(m.group()),
          "version",
          version);
    }
  }

  private static String virtualization(String type) {
    return type.isEmpty() ? "none" : type;
  }

  private static void summary(List<Unit> units, Out out) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    STATES.forEach(state -> counts.put(state, 0));
    units.forEach(unit -> counts.merge(unit.active, 1, Integer::sum));
    counts.forEach(
        (state, n) -> gauge(out, "units", "Summary of systemd unit states", n, "state", state));
  }

  private void ask(Unit unit, List<Question> questions, Out out) {
    String name = unit.name;
    if (name.endsWith(".service")) {
      ask(questions, unit, SERVICE, "Type", type -> state(unit, String.valueOf(type), out));
      if (restarts) {
        ask(questions, unit, SERVICE, "NRestarts", number(v -> restarts(out, name, v)));
      }
      if (tasks) {
        ask(questions, unit, SERVICE, "TasksCurrent", number(v -> current(out, name, v)));
        ask(questions, unit, SERVICE, "TasksMax", number(v -> max(out, name, v)));
      }
    } else if (name.endsWith(".mount")) {
      ask(questions, unit, MOUNT, "Type", type -> state(unit, String.valueOf(type), out));
    } else {
      state(unit, "", out);
    }
    if (name.endsWith(".timer")) {
      ask(questions, unit, TIMER, "LastTriggerUSec", number(v -> triggered(out, name, v)));
    } else if (name.endsWith(".socket")) {
      ask(questions, unit, SOCKET, "NAccepted", number(v -> accepted(out, name, v)));
      ask(questions, unit, SOCKET, "NConnections", number(v -> connections(out, name, v)));
      ask(questions, unit, SOCKET, "NRefused", number(v -> refused(out, name, v)));
    }
    if (startTimes) {
      if (unit.active.equals("active")) {
        ask(questions, unit, UNIT, "ActiveEnterTimestamp", number(v -> started(out, name, v)));
      } else {
        started(out, name, 0);
      }
    }
  }

  private static void ask(
      List<Question> questions, Unit unit, String of, String property, AnswerTaker taker) {
    questions.add(new Question(property(unit.path, of, property), taker));
  }

  /** Returns what takes numbers; {@code uint64}'s greatest value means that there is none. */
  private static AnswerTaker number(DoubleConsumer taker) {
    return value -> {
      if (value instanceof Long v && v != -1) {
        taker.accept(Host.toDouble(v));
      }
    };
  }

  private static void state(Unit unit, String type, Out out) {
    for (String state : STATES) {
      gauge(
          out,
          "unit_state",
          "Systemd unit",
          state.equals(unit.active) ? 1 : 0,
          "name",
          unit.name,
          "state",
          state,
          "type",
          type);
    }
  }

  private static void restarts(Out out, String unit, double v) {
    counter(out, "service_restart_total", "Service unit count of Restart triggers", v, unit);
  }

  private static void current(Out out, String unit, double v) {
    gauge(out, "unit_tasks_current", "Current number of tasks per Systemd unit", v, "name", unit);
  }

  private static void max(Out out, String unit, double v) {
    gauge(out, "unit_tasks_max", "Maximum number of tasks per Systemd unit", v, "name", unit);
  }

  private static void triggered(Out out, String unit, double v) {
    gauge(
        out,
        "timer_last_trigger_seconds",
        "Seconds since epoch of last trigger.",
        v / MICROS,
        "name",
        unit);
  }

  private static void accepted(Out out, String unit, double v) {
    counter(
        out,
        "socket_accepted_connections_total",
        "Total number of accepted socket connections",
        v,
        unit);
  }

  private static void connections(Out out, String unit, double v) {
    gauge(
        out, "socket_current_connections", "Current number of socket connections", v, "name", unit);
  }

  private static void refused(Out out, String unit, double v) {
    gauge(
        out,
        "socket_refused_connections_total",
        "Total number of refused socket connections",
        v,
        "name",
        unit);
  }

  private static void started(Out out, String unit, double v) {
    gauge(
        out,
        "unit_start_time_seconds",
        "Start time of the unit since unix epoch in seconds.",
        v / MICROS,
        "name",
        unit);
  }

  private static void counter(Out out, String name, String help, double v, String unit) {
    out.add(PREFIX + name, MetricType.COUNTER, help, v, "name", unit);
  }

  private static void gauge(Out out, String name, String help, double v, String... labels) {
    out.add(PREFIX + name, MetricType.GAUGE, help, v, labels);
  }
}
