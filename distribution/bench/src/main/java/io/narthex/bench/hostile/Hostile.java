package io.narthex.bench.hostile;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Feeds hostile inputs to every parser of input from outside. A parser fails when it throws
 * anything other than its refusal, takes more than {@link #CPU_LIMIT} of CPU time, or allocates
 * more than {@link #allowed} for an input of at most 64 KiB. An input that never ends ends the
 * process.
 *
 * <p>Usage: {@code Hostile [--inputs=N] [--minutes=N] [--seed=N] [--parser=NAME[,NAME]]
 * [--findings=DIR]}. The inputs are shared out evenly; with a limit of time each parser has its
 * part of it. An input that fails becomes a file {@code DIR/PARSER/HASH}; what lies there is tried
 * first. {@code DIR/open.txt} lists the kinds of failures that wait to be mended, as {@code PARSER:
 * KIND}; they are shown and do not count. Exit status 1 on any other failure.
 */
public final class Hostile {
  private static final long CPU_LIMIT = TimeUnit.SECONDS.toNanos(1);
  private static final long ENDLESS = TimeUnit.SECONDS.toNanos(60);
  private static final long BASE_BYTES = 64L << 20;
  private static final long BYTES_PER_BYTE = 1024;
  private static final int WRITTEN_PER_KIND = 3;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /**
   * How much is tried.
   *
   * @param inputs of all parsers together
   * @param nanos of the whole run; {@link Long#MAX_VALUE}: no limit
   * @param parsers by name; none: all
   * @param findings folder of inputs that failed, which are tried first; null: none
   * @param write whether inputs that fail are written there
   */
  public record Plan(
      long inputs,
      long nanos,
      long seed,
      List<String> parsers,
      @Nullable Path findings,
      boolean write) {
    /** Copies the names. */
    public Plan {
      parsers = List.copyOf(parsers);
    }
  }

  /** An input that is being read. */
  private record Running(String parser, byte[] input, long since) {}

  /** What became of one parser. */
  private static final class Outcome {
    long inputs;
    long failures;
    long open;
    long slowest;
    long largest;
    final Map<String, Integer> kinds = new LinkedHashMap<>();
    final List<String> lines = new ArrayList<>();
  }

  private final Plan plan;
  private final PrintStream out;
  private final Set<String> open = new HashSet<>(); // PARSER: KIND
  private final ConcurrentMap<Thread, Running> running = new ConcurrentHashMap<>();

  /** Plans a run that prints what it finds. */
  public Hostile(Plan plan, PrintStream out) {
    this.plan = plan;
    this.out = out;
    Path list = plan.findings() == null ? null : plan.findings().resolve("open.txt");
    if (list != null && Files.exists(list)) {
      try {
        open.addAll(Files.readAllLines(list));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Runs what the command line says. */
  public static void main(String[] args) {
    long inputs = 10_000_000;
    long nanos = Long.MAX_VALUE;
    long seed = System.nanoTime() & 0xffff_ffffL;
    List<String> parsers = List.of();
    Path findings = Path.of("hostile-findings");
    for (String arg : args) {
      String value = arg.substring(arg.indexOf('=') + 1);
      try {
        if (arg.startsWith("--inputs=")) {
          inputs = (long) Double.parseDouble(value);
        } else if (arg.startsWith("--minutes=")) {
          nanos = (long) (Double.parseDouble(value) * 60e9);
        } else if (arg.startsWith("--seed=")) {
          seed = Long.parseLong(value);
        } else if (arg.startsWith("--parser=")) {
          parsers = List.of(value.split(","));
        } else if (arg.startsWith("--findings=")) {
          findings = Path.of(value);
        } else {
          throw new IllegalArgumentException("unknown option");
        }
      } catch (IllegalArgumentException e) {
        System.err.println("hostile: " + arg + ": " + e.getMessage());
        System.exit(2);
      }
    }
    List<String> known = Targets.all().stream().map(Target::name).toList();
    for (String name : parsers) {
      if (!known.contains(name)) {
        System.err.println(
            "hostile: no parser \"" + name + "\"; one of: " + String.join(", ", known));
        System.exit(2);
      }
    }
    Hostile hostile =
        new Hostile(new Plan(inputs, nanos, seed, parsers, findings, true), System.out);
    System.exit(hostile.run() == 0 ? 0 : 1);
  }

  /** Runs as planned; returns the number of failures. */
  public long run() {
    return run(
        Targets.all().stream()
            .filter(t -> plan.parsers().isEmpty() || plan.parsers().contains(t.name()))
            .toList());
  }

  /** Attacks some targets; returns the number of failures. */
  long run(List<Target> targets) {
    Deque<Target> waiting = new ArrayDeque<>(targets);
    int threads = Math.min(targets.size(), Runtime.getRuntime().availableProcessors());
    long share = Math.max(1, plan.inputs() / targets.size());
    long time =
        plan.nanos() == Long.MAX_VALUE ? plan.nanos() : plan.nanos() / targets.size() * threads;
    out.printf(
        Locale.ROOT,
        "hostile: seed %d, %d parsers, %s each%n",
        plan.seed(),
        targets.size(),
        plan.nanos() == Long.MAX_VALUE ? share + " inputs" : time / 1_000_000 + " ms");
    long[] failures = {0};
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      workers.add(
          Thread.ofPlatform()
              .name("hostile-" + i)
              .daemon()
              .start(() -> {
                while (true) {
                  Target next;
                  synchronized (waiting) {
                    next = waiting.poll();
                  }
                  if (next == null) {
                    return;
                  }
                  Outcome outcome = attack(next, share, time);
                  synchronized (failures) {
                    failures[0] += outcome.failures;
                    outcome.lines.forEach(out::println);
                    out.flush();
                  }
                }
              }));
    }
    for (Thread worker : workers) {
      while (worker.isAlive()) {
        watch();
        try {
          worker.join(500);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IllegalStateException(e);
        }
      }
    }
    return failures[0];
  }

  /** Ends the process when an input has no end: nothing else stops such a parser. */
  private void watch() {
    long now = System.nanoTime();
    for (Running one : running.values()) {
      if (now - one.since > ENDLESS) {
        // not to the buffered output of the others, which would be lost with the process
        System.err.printf(
            Locale.ROOT,
            "hostile %s: FAIL no end after %d s: %s%nhostile: stopped; again: %s%n",
            one.parser,
            TimeUnit.NANOSECONDS.toSeconds(ENDLESS),
            shown(one.input, write(one.parser, one.input)),
            again(one.parser, plan.inputs()));
        System.err.flush();
        Runtime.getRuntime().halt(1);
      }
    }
  }

  private Outcome attack(Target target, long inputs, long time) {
    Outcome outcome = new Outcome();
    for (byte[] known : known(target.name())) {
      one(target, known, outcome);
    }
    Mutator mutator = new Mutator(target, plan.seed());
    long begun = System.nanoTime();
    for (long i = 0; i < inputs && (i % 64 != 0 || System.nanoTime() - begun < time); i++) {
      one(target, mutator.next(), outcome);
    }
    outcome.kinds.forEach((kind, times) ->
        outcome.lines.addFirst(
            "hostile "
                + target.name()
                + (open.contains(target.name() + ": " + kind) ? ": OPEN " : ": FAIL ")
                + times
                + " x "
                + kind));
    outcome.lines.add(
        String.format(
            Locale.ROOT,
            "hostile %s: %d inputs, %d failures, slowest %.3f s, largest %.1f MiB, %.0f s%s",
            target.name(),
            outcome.inputs,
            outcome.failures,
            outcome.slowest / 1e9,
            outcome.largest / 1048576.0,
            (System.nanoTime() - begun) / 1e9,
            outcome.open == 0 ? "" : ", " + outcome.open + " of open kinds"));
    if (outcome.failures > 0) {
      outcome.lines.add("hostile " + target.name() + ": again: " + again(target.name(), inputs));
    }
    return outcome;
  }

  /** Returns the command that repeats the inputs of a parser in the same order. */
  private String again(String parser, long inputs) {
    return "./narthex bench hostile --seed="
        + plan.seed()
        + " --parser="
        + parser
        + " --inputs="
        + inputs;
  }

  /** Bytes that reading an input may allocate. */
  private static long allowed(int length) {
    return BASE_BYTES + BYTES_PER_BYTE * length;
  }

  private void one(Target target, byte[] input, Outcome outcome) {
    outcome.inputs++;
    String kind = attempt(target, input, outcome);
    // the first try may have loaded classes or hit a collection
    if (kind != null && (!kind.startsWith("bound") || attempt(target, input, outcome) != null)) {
      if (open.contains(target.name() + ": " + kind)) {
        outcome.open++;
      } else {
        outcome.failures++;
      }
      if (outcome.kinds.merge(kind, 1, Integer::sum) <= WRITTEN_PER_KIND) {
        outcome.lines.add(
            "hostile " + target.name() + ":   " + shown(input, write(target.name(), input)));
      }
    }
  }

  /** Reads an input; returns what kind of failure it was, or null. */
  private @Nullable String attempt(Target target, byte[] input, Outcome outcome) {
    Thread self = Thread.currentThread();
    running.put(self, new Running(target.name(), input, System.nanoTime()));
    long bytes = THREADS.getCurrentThreadAllocatedBytes();
    long cpu = THREADS.getCurrentThreadCpuTime();
    String kind = null;
    try {
      target.reader().read(input);
    } catch (Throwable e) { // whatever it is
      kind = kind(e);
    }
    cpu = THREADS.getCurrentThreadCpuTime() - cpu;
    bytes = THREADS.getCurrentThreadAllocatedBytes() - bytes;
    running.remove(self);
    outcome.slowest = Math.max(outcome.slowest, cpu);
    outcome.largest = Math.max(outcome.largest, bytes);
    if (kind == null && cpu > CPU_LIMIT) {
      kind = "bound of time: more than " + TimeUnit.NANOSECONDS.toMillis(CPU_LIMIT) + " ms";
    }
    if (kind == null && bytes > allowed(input.length)) {
      kind = "bound of memory: more than " + (BASE_BYTES >> 20) + " MiB";
    }
    return kind;
  }

  private static String kind(Throwable e) {
    for (StackTraceElement frame : e.getStackTrace()) {
      if (frame.getClassName().startsWith("io.narthex.")
          && !frame.getClassName().startsWith("io.narthex.bench.")) {
        return e.getClass().getName()
            + " ("
            + abbreviated(String.valueOf(e.getMessage()).replaceAll("\\d+", "N"))
            + ") at "
            + frame.getClassName().replaceFirst(".*\\.", "")
            + "."
            + frame.getMethodName()
            + (e instanceof StackOverflowError ? "" : ":" + frame.getLineNumber());
      }
    }
    StackTraceElement[] trace = e.getStackTrace();
    // where a stack overflows is random: the package is enough
    return e.getClass().getName()
        + (trace.length == 0 ? "" : " in " + trace[0].getClassName().replaceFirst("\\.[^.]*$", ""));
  }

  private static String abbreviated(String text) {
    String line = text.lines().findFirst().orElse("");
    return line.length() > 60 ? line.substring(0, 60) + "…" : line;
  }

  /* findings */

  private List<byte[]> known(String parser) {
    Path folder = plan.findings() == null ? null : plan.findings().resolve(parser);
    List<byte[]> out = new ArrayList<>();
    if (folder != null && Files.isDirectory(folder)) {
      try (var files = Files.list(folder)) {
        for (Path file : (Iterable<Path>) files.sorted()::iterator) {
          out.add(Files.readAllBytes(file));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return out;
  }

  private @Nullable Path write(String parser, byte[] input) {
    if (plan.findings() == null || !plan.write()) {
      return null;
    }
    try {
      Path folder = Files.createDirectories(plan.findings().resolve(parser));
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(input);
      Path file = folder.resolve(new BigInteger(1, digest).toString(36).substring(0, 12));
      return Files.write(file, input);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static String shown(byte[] input, @Nullable Path file) {
    if (file != null) {
      return input.length + " bytes, " + file;
    }
    int length = Math.min(input.length, 300);
    return input.length
        + " bytes, hex "
        + HexFormat.of().formatHex(input, 0, length)
        + (length < input.length ? "…" : "");
  }
}
