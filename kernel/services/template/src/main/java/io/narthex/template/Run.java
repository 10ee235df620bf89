package io.narthex.template;

import io.narthex.model.go.GoString;
import io.narthex.template.Node.Block;
import io.narthex.template.Node.Command;
import io.narthex.template.Node.Operand;
import io.narthex.template.Node.Pipeline;
import io.narthex.template.Node.Statement;
import io.narthex.text.time.GoZone;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One execution of a template, with the semantics of Go's text/template. Bounded in steps, depth
 * and output. Confined to one thread.
 */
final class Run {
  private static final int MAX_STEPS = 2_000_000;
  private static final int MAX_DEPTH = 150;

  private final GoTemplate set;
  private final Map<String, GoFunction> functions;
  private final GoTemplate.Writer out;
  private final List<Binding> variables = new ArrayList<>();
  private @Nullable Node current; // for messages; set where Go sets it
  private GoTemplate.Body body = new GoTemplate.Body(new Block(0, List.of()), "", "");
  private String executing = "";
  private int steps;
  private int depth;

  /** A variable in scope. */
  private static final class Binding {
    final String name;
    @Nullable Object value;

    Binding(String name, @Nullable Object value) {
      this.name = name;
      this.value = value;
    }
  }

  /** How a block ended. */
  private enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  Run(GoTemplate set, Map<String, GoFunction> functions, GoTemplate.Writer out) {
    this.set = set;
    this.functions = functions;
    this.out = out;
  }

  String run(String name, @Nullable Object data) {
    GoTemplate.Body start = set.body(name);
    if (start == null) {
      throw new GoTemplateException(
          "template: no template "
              + GoString.quote(name)
              + " associated with template "
              + GoString.quote(name));
    }
    body = start;
    executing = name;
    variables.add(new Binding("$", data));
    block(start.block(), data);
    return out.result();
  }

  /** Returns an error at the current node. */
  private GoTemplateException error(Node otherwise, String text) {
    Node at = current == null ? otherwise : current;
    return error(at, source(at), text);
  }

  private static String source(Node node) {
    return switch (node) {
      case Command c -> c.source();
      case Pipeline p -> p.source();
      case Node.Function f -> f.name();
      case Node.Field f -> "." + String.join(".", f.names());
      case Node.Variable v ->
          v.name() + (v.fields().isEmpty() ? "" : "." + String.join(".", v.fields()));
      case Node.Chain c ->
          (c.base() instanceof Pipeline p ? "(" + p.source() + ")" : source(c.base()))
              + "."
              + String.join(".", c.names());
      case Node.Constant k -> k.source();
      case Node.Dot _ -> ".";
      case Node.Nil _ -> "nil";
      default -> "…";
    };
  }

  private GoTemplateException error(Node at, String source, String text) {
    return new GoTemplateException(
        "template: "
            + place(at)
            + ": executing "
            + GoString.quote(executing)
            + " at <"
            + source
            + ">: "
            + text);
  }

  /** Returns file, line and column of a node. */
  private String place(Node at) {
    String before = body.source().substring(0, Math.min(at.offset(), body.source().length()));
    int newline = before.lastIndexOf('\n');
    long line = before.chars().filter(c -> c == '\n').count() + 1;
    return body.file()
        + ":"
        + line
        + ":"
        + before.substring(newline + 1).getBytes(StandardCharsets.UTF_8).length;
  }

  private void step(Node at) {
    if (++steps > MAX_STEPS) {
      throw error(at, "…", "more than " + MAX_STEPS + " steps");
    }
    if (out.length() > GoFormat.MAX_TEXT) {
      throw error(at, "…", "output is longer than " + GoFormat.MAX_TEXT + " characters");
    }
  }

  private Flow block(@Nullable Block block, @Nullable Object dot) {
    if (block == null) {
      return Flow.NEXT;
    }
    for (Statement s : block.statements()) {
      Flow flow = statement(s, dot);
      if (flow != Flow.NEXT) {
        return flow;
      }
    }
    return Flow.NEXT;
  }

  private Flow statement(Statement s, @Nullable Object dot) {
    step(s);
    switch (s) {
      case Node.Text t -> out.literal(t.text());
      case Node.Action a -> action(a, dot);
      case Node.If i -> {
        int mark = variables.size();
        Flow flow = block(Arguments.truth(pipeline(i.pipe(), dot)) ? i.then() : i.otherwise(), dot);
        pop(mark);
        return flow;
      }
      case Node.With w -> {
        int mark = variables.size();
        Object value = pipeline(w.pipe(), dot);
        Flow flow = Arguments.truth(value) ? block(w.then(), value) : block(w.otherwise(), dot);
        pop(mark);
        return flow;
      }
      case Node.Range r -> range(r, dot);
      case Node.Call c -> call(c, dot);
      case Node.Break b -> {
        return Flow.BREAK;
      }
      case Node.Continue c -> {
        return Flow.CONTINUE;
      }
    }
    return Flow.NEXT;
  }

  private void action(Node.Action a, @Nullable Object dot) {
    Pipeline pipe = a.pipe();
    if (!pipe.variables().isEmpty()) {
      pipeline(pipe, dot);
      return;
    }
    Escaper last = out.escapes() ? placedEscaper(a) : null;
    if (last == null) {
      out.value(pipelineValue(pipe, pipe.commands().size(), dot), null);
    } else if (pipe.commands().size() == 1) {
      current = pipe;
      out.value(Builtins.joined(arguments(pipe.commands().get(0), dot, null, false)), last);
    } else {
      out.value(pipelineValue(pipe, pipe.commands().size() - 1, dot), last);
    }
  }

  /** Returns the escaper at the end of an action that the writer applies in place of its own. */
  private @Nullable Escaper placedEscaper(Node.Action a) {
    List<Command> commands = a.pipe().commands();
    for (Command c : commands) {
      Escaper escaper = Escaper.of(c);
      if (escaper == null) {
        continue;
      }
      try {
        if (c != commands.getLast()) {
          throw new GoTemplateException(escaper.disallowed());
        }
        return out.places(escaper) ? escaper : null;
      } catch (GoTemplateException e) {
        throw new GoTemplateException("html/template:" + place(a) + ": " + e.getMessage(), e);
      }
    }
    return null;
  }

  private void pop(int mark) {
    while (variables.size() > mark) {
      variables.removeLast();
    }
  }

  private void range(Node.Range r, @Nullable Object dot) {
    int outer = variables.size();
    Object value = pipelineValue(r.pipe(), r.pipe().commands().size(), dot);
    List<String> names = r.pipe().variables();
    if (!r.pipe().assign()) {
      names.forEach(n -> variables.add(new Binding(n, value)));
    }
    int mark = variables.size();
    boolean any = false;
    List<@Nullable Object> list = Arguments.listOrNull(value);
    Map<?, ?> map = list == null ? Arguments.mapOrNull(value) : null;
    if (value instanceof Long n) {
      for (long i = 0; i < n; i++) {
        any = true;
        if (!iterate(r, names, i, i, mark)) {
          break;
        }
      }
    } else if (list != null) {
      for (int i = 0; i < list.size(); i++) {
        any = true;
        if (!iterate(r, names, (long) i, list.get(i), mark)) {
          break;
        }
      }
    } else if (map != null) {
      for (Map.Entry<String, Object> e : GoFormat.sorted(map).entrySet()) {
        any = true;
        if (!iterate(r, names, e.getKey(), e.getValue(), mark)) {
          break;
        }
      }
    } else if (value != null) {
      throw error(r.pipe(), "range can't iterate over " + GoFormat.value(value));
    }
    pop(outer);
    if (!any) {
      block(r.otherwise(), dot);
    }
    pop(outer);
  }

  private boolean iterate(
      Node.Range r, List<String> names, @Nullable Object key, @Nullable Object element, int mark) {
    step(r);
    if (names.size() == 1) {
      set(r, names.get(0), element);
    } else if (names.size() == 2) {
      set(r, names.get(0), key);
      set(r, names.get(1), element);
    }
    Flow flow = block(r.body(), element);
    pop(mark);
    return flow != Flow.BREAK;
  }

  private void set(Node at, String name, @Nullable Object value) {
    binding(at, name).value = value;
  }

  private Binding binding(Node at, String name) {
    for (int i = variables.size() - 1; i >= 0; i--) {
      if (variables.get(i).name.equals(name)) {
        return variables.get(i);
      }
    }
    throw error(at, name, "undefined variable: " + name);
  }

  private void call(Node.Call c, @Nullable Object dot) {
    GoTemplate.Body called = set.body(c.name());
    String source = "{{template " + GoString.quote(c.name()) + "}}";
    if (called == null) {
      throw error(c, source, "template " + GoString.quote(c.name()) + " not defined");
    }
    if (++depth > MAX_DEPTH) {
      throw error(c, source, "exceeded maximum template depth (" + MAX_DEPTH + ")");
    }
    Object data = c.pipe() == null ? null : pipeline(c.pipe(), dot);
    List<Binding> saved = new ArrayList<>(variables);
    GoTemplate.Body savedBody = body;
    String savedName = executing;
    variables.clear();
    variables.add(new Binding("$", data));
    body = called;
    executing = c.name();
    block(called.block(), data);
    variables.clear();
    variables.addAll(saved);
    body = savedBody;
    executing = savedName;
    depth--;
  }

  private @Nullable Object pipeline(Pipeline pipe, @Nullable Object dot) {
    Object value = pipelineValue(pipe, pipe.commands().size(), dot);
    for (String name : pipe.variables()) {
      if (pipe.assign()) {
        set(pipe, name, value);
      } else {
        variables.add(new Binding(name, value));
      }
    }
    return value;
  }

  /** Returns the value of the first so many commands. */
  private @Nullable Object pipelineValue(Pipeline pipe, int commands, @Nullable Object dot) {
    current = pipe;
    Object value = null;
    for (int i = 0; i < commands; i++) {
      value = command(pipe.commands().get(i), dot, value, i > 0);
    }
    return value;
  }

  private @Nullable Object command(
      Command c, @Nullable Object dot, @Nullable Object last, boolean hasLast) {
    step(c);
    Operand head = c.operands().get(0);
    current = head;
    switch (head) {
      case Node.Function f -> {
        return function(f, c, dot, last, hasLast);
      }
      case Node.Field f -> {
        List<@Nullable Object> args = methodArguments(c, dot, last, hasLast);
        current = f;
        return fields(c, dot, f.names(), args);
      }
      case Node.Chain ch -> {
        return fields(
            c, operand(c, ch.base(), dot), ch.names(), methodArguments(c, dot, last, hasLast));
      }
      case Node.Variable v -> {
        Object base = binding(v, v.name()).value;
        List<@Nullable Object> args = methodArguments(c, dot, last, hasLast);
        current = v;
        if (v.fields().isEmpty()) {
          if (!args.isEmpty()) {
            throw error(v, "can't give argument to non-function " + v.name());
          }
          return base;
        }
        return fields(c, base, v.fields(), args);
      }
      default -> {
        if (c.operands().size() > 1 || hasLast) {
          throw error(head, "can't give argument to non-function " + source(head));
        }
        return operand(c, head, dot);
      }
    }
  }

  private List<@Nullable Object> arguments(
      Command c, @Nullable Object dot, @Nullable Object last, boolean hasLast) {
    List<@Nullable Object> args = new ArrayList<>();
    for (int i = 1; i < c.operands().size(); i++) {
      args.add(operand(c, c.operands().get(i), dot));
    }
    if (hasLast) {
      args.add(last);
    }
    return args;
  }

  /**
   * Returns the arguments of a method. A constant such as {@code 28800e9} that is written right
   * there is an integer when its value is whole, as no method takes a float; the value of a
   * variable or of another pipeline keeps its type.
   */
  private List<@Nullable Object> methodArguments(
      Command c, @Nullable Object dot, @Nullable Object last, boolean hasLast) {
    List<@Nullable Object> args = arguments(c, dot, last, hasLast);
    for (int i = 1; i < c.operands().size(); i++) {
      if (c.operands().get(i) instanceof Node.Constant k
          && k.value() instanceof Double d
          && d == d.longValue()
          && d != 0x1p63) {
        args.set(i - 1, d.longValue());
      }
    }
    return args;
  }

  private @Nullable Object operand(Command c, Operand o, @Nullable Object dot) {
    current = o;
    return switch (o) {
      case Node.Dot d -> dot;
      case Node.Nil n -> null;
      case Node.Constant k -> k.value();
      case Node.Field f -> fields(c, dot, f.names(), List.of());
      case Node.Variable v -> fields(c, binding(v, v.name()).value, v.fields(), List.of());
      case Node.Chain ch -> fields(c, operand(c, ch.base(), dot), ch.names(), List.of());
      case Pipeline p -> pipeline(p, dot);
      case Node.Function f ->
          function(f, new Command(f.offset(), List.of(f), f.name()), dot, null, false);
    };
  }

  private @Nullable Object function(
      Node.Function f, Command c, @Nullable Object dot, @Nullable Object last, boolean hasLast) {
    String name = f.name();
    current = f;
    if (name.equals("and") || name.equals("or")) {
      return shortCircuit(name.equals("or"), c, dot, last, hasLast);
    }
    GoFunction function = functions.get(name);
    if (function == null) {
      function = Builtins.ALL.get(name);
    }
    if (function == null) {
      throw error(c, c.source(), GoString.quote(name) + " is not a defined function");
    }
    int given = c.operands().size() - 1 + (hasLast ? 1 : 0);
    if (given < function.least() || (function.most() >= 0 && given > function.most())) {
      String want =
          function.most() < 0 ? "at least " + function.least() : Integer.toString(function.least());
      throw error(f, "wrong number of args for " + name + ": want " + want + " got " + given);
    }
    List<@Nullable Object> args = arguments(c, dot, last, hasLast);
    Object result;
    try {
      result = function.body().call(args);
    } catch (GoTemplateException e) {
      throw error(c, c.source(), "error calling " + name + ": " + e.getMessage());
    } catch (StackOverflowError e) {
      throw error(c, c.source(), "error calling " + name + ": nested too deep");
    }
    if (result instanceof String s && s.length() > GoFormat.MAX_TEXT) {
      throw error(c, c.source(), "value is longer than " + GoFormat.MAX_TEXT + " characters");
    }
    return result;
  }

  private @Nullable Object shortCircuit(
      boolean or, Command c, @Nullable Object dot, @Nullable Object last, boolean hasLast) {
    int n = c.operands().size() - 1 + (hasLast ? 1 : 0);
    if (n == 0) {
      throw error(
          c,
          c.source(),
          "wrong number of args for " + (or ? "or" : "and") + ": want at least 1 got 0");
    }
    Object value = null;
    for (int i = 0; i < n; i++) {
      value = i + 1 < c.operands().size() ? operand(c, c.operands().get(i + 1), dot) : last;
      if (Arguments.truth(value) == or) {
        return value;
      }
    }
    return value;
  }

  /** Resolves a chain of fields; the arguments are those of the last one. */
  private @Nullable Object fields(
      Command c, @Nullable Object base, List<String> names, List<@Nullable Object> args) {
    Object value = base;
    for (int i = 0; i < names.size(); i++) {
      boolean lastName = i == names.size() - 1;
      value = member(c, value, names.get(i), lastName ? args : List.of());
    }
    return value;
  }

  private @Nullable Object member(
      Command c, @Nullable Object receiver, String name, List<@Nullable Object> args) {
    if (receiver == null) {
      throw error(c, "nil data; no entry for key " + GoString.quote(name));
    }
    if (receiver instanceof Map<?, ?> && !args.isEmpty()) {
      throw error(c, name + " is not a method but has arguments");
    }
    Object result;
    try {
      result =
          switch (receiver) {
            case GoObject o -> o.member(name, args);
            case Map<?, ?> map -> map.get(name);
            case ZonedDateTime t -> timeMember(t, name, args);
            case Duration d -> durationMember(d, name, args);
            default -> GoObject.NO_MEMBER;
          };
    } catch (IndexOutOfBoundsException e) {
      throw error(c, "wrong number of args for " + name);
    } catch (GoTemplateException e) {
      throw error(c, "error calling " + name + ": " + e.getMessage());
    }
    if (result == GoObject.NO_MEMBER) {
      throw error(c, "can't evaluate field " + name + " in type " + GoFormat.typeName(receiver));
    }
    return result;
  }

  private static @Nullable Object timeMember(
      ZonedDateTime t, String name, List<@Nullable Object> args) {
    return switch (name) {
      case "Format" -> GoTime.format(t, Arguments.text(args, 0));
      case "String" -> GoTime.print(t);
      case "Unix" -> t.toEpochSecond();
      case "UnixMilli" -> t.toInstant().toEpochMilli();
      case "UnixMicro" -> ChronoUnit.MICROS.between(Instant.EPOCH, t.toInstant());
      case "UnixNano" -> ChronoUnit.NANOS.between(Instant.EPOCH, t.toInstant());
      case "UTC" -> t.withZoneSameInstant(GoTime.UTC);
      case "Local" -> t.withZoneSameInstant(GoZone.local());
      case "Location" -> GoTime.location(t);
      case "Compare" ->
          (long) Integer.signum(t.toInstant().compareTo(Arguments.time(args, 0).toInstant()));
      case "IsZero" -> t.toInstant().equals(GoTime.ZERO.toInstant());
      case "Year" -> (long) t.getYear();
      case "Month" -> new GoEnum("time.Month", t.getMonthValue(), GoTime.format(t, "January"));
      case "Day" -> (long) t.getDayOfMonth();
      case "Hour" -> (long) t.getHour();
      case "Minute" -> (long) t.getMinute();
      case "Second" -> (long) t.getSecond();
      case "Nanosecond" -> (long) t.getNano();
      case "YearDay" -> (long) t.getDayOfYear();
      case "Weekday" ->
          new GoEnum("time.Weekday", t.getDayOfWeek().getValue() % 7, GoTime.format(t, "Monday"));
      case "Add" -> t.plus(duration(args, 0));
      case "Truncate" -> GoTime.truncate(t, duration(args, 0));
      case "Round" -> GoTime.round(t, duration(args, 0));
      case "AddDate" ->
          t.plusYears(Arguments.integer(args, 0))
              .plusMonths(Arguments.integer(args, 1))
              .plusDays(Arguments.integer(args, 2));
      case "Sub" -> Duration.between(Arguments.time(args, 0), t);
      case "After" -> t.toInstant().isAfter(Arguments.time(args, 0).toInstant());
      case "Before" -> t.toInstant().isBefore(Arguments.time(args, 0).toInstant());
      case "Equal" -> t.toInstant().equals(Arguments.time(args, 0).toInstant());
      default -> GoObject.NO_MEMBER;
    };
  }

  private static Duration duration(List<@Nullable Object> args, int i) {
    Object v = args.get(i);
    return switch (v) {
      case Duration d -> d;
      case Long n -> Duration.ofNanos(n);
      case null, default -> throw Arguments.wrong("time.Duration", v);
    };
  }

  private static @Nullable Object durationMember(
      Duration d, String name, List<@Nullable Object> args) {
    return switch (name) {
      case "Seconds" -> GoTime.nanos(d) / 1e9;
      case "Minutes" -> GoTime.nanos(d) / 6e10;
      case "Hours" -> GoTime.nanos(d) / 3.6e12;
      case "Milliseconds" -> GoTime.nanos(d) / 1_000_000;
      case "Microseconds" -> GoTime.nanos(d) / 1_000;
      case "Nanoseconds" -> GoTime.nanos(d);
      case "String" -> GoTime.print(d);
      case "Abs" -> d.abs();
      case "Truncate" -> GoTime.truncate(d, duration(args, 0));
      case "Round" -> GoTime.round(d, duration(args, 0));
      default -> GoObject.NO_MEMBER;
    };
  }
}
