package io.narthex.bench.contact;

import io.narthex.bench.TemporaryFolder;
import io.narthex.bench.push.Request;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Gives many small inputs of what users have to Narthex and to the original programs and prints
 * what differs: pages, addresses, configurations, rules, target lists, requests, templates, pushes.
 *
 * <p>Usage: {@code Contact ASSEMBLED_FOLDER CORPUS_FOLDER [--short] [--area=NAME] [--seed=N]
 * [--count=N] [--show=N]}. {@code --count} is how many mutations an area gets besides its own
 * inputs. Exit status 0 when all agree but for known differences, 1 otherwise, 2 when the run could
 * not be made.
 */
public final class Contact {
  private static final long SEED = 1;
  private static final int COUNT = 60;
  private static final int SHORT_COUNT = 10;
  private static final int LONGEST = 3000;

  private final Path assembled;
  private final Options options;
  private final PrintStream out;
  private int inputs;
  private int differences;

  /**
   * What is run.
   *
   * @param corpus the folder of the inputs
   * @param area the only area, all when it is empty
   * @param count how many mutations each area gets
   * @param show how many differences of an area are printed
   */
  record Options(Path corpus, String area, long seed, int count, int show) {
    static Options read(String[] args) {
      Options read = new Options(Path.of(args[1]), "", SEED, COUNT, Integer.MAX_VALUE);
      for (int i = 2; i < args.length; i++) {
        String value = args[i].substring(args[i].indexOf('=') + 1);
        String area = read.area;
        long seed = read.seed;
        int count = read.count;
        int show = read.show;
        if (args[i].equals("--short")) {
          count = SHORT_COUNT;
        } else if (args[i].startsWith("--area=")) {
          area = value;
        } else if (args[i].startsWith("--seed=")) {
          seed = Long.parseLong(value);
        } else if (args[i].startsWith("--count=")) {
          count = Integer.parseInt(value);
        } else if (args[i].startsWith("--show=")) {
          show = Integer.parseInt(value);
        } else {
          throw new IllegalArgumentException(
              "contact: unknown option \""
                  + args[i]
                  + "\"; one of --short --area=NAME --seed=N --count=N --show=N");
        }
        read = new Options(read.corpus, area, seed, count, show);
      }
      return read;
    }

    /** Returns whether the generated inputs are those of a run without options. */
    boolean full() {
      return seed == SEED && count == COUNT;
    }
  }

  private Contact(Path assembled, Options options, PrintStream out) {
    this.assembled = assembled;
    this.options = options;
    this.out = out;
  }

  /** Runs the comparison. */
  public static void main(String[] args) throws InterruptedException {
    int status = 2;
    try {
      Contact contact =
          new Contact(Path.of(args[0]).toAbsolutePath(), Options.read(args), System.out);
      status = contact.run() ? 0 : 1;
    } catch (IllegalArgumentException | IOException e) {
      System.err.println("contact: " + e.getMessage());
    }
    System.exit(status);
  }

  /**
   * Runs the short form.
   *
   * @param corpus the folder of the inputs
   * @param out receives the counts and the first differences
   * @return whether all agree but for known differences
   */
  public static boolean agrees(Path assembled, Path corpus, PrintStream out)
      throws IOException, InterruptedException {
    return new Contact(assembled, new Options(corpus, "", SEED, SHORT_COUNT, 5), out).run();
  }

  private boolean run() throws IOException, InterruptedException {
    out.printf(
        Locale.ROOT, "contact: seed %d, %d mutations an area%n", options.seed, options.count);
    long begun = System.nanoTime();
    Known known = new Known(options.corpus.resolve("differences.tsv"));
    try (TemporaryFolder work = TemporaryFolder.create("contact");
        PageServer pages = new PageServer();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Hosts hosts = Hosts.create(work.path(), Names.HOSTS);
      List<Area> areas = areas(pages, hosts);
      if (areas.isEmpty()) {
        throw new IOException("there is no area \"" + options.area + '"');
      }
      Future<Side> second =
          threads.submit(() -> Side.narthex(work.path().resolve("narthex"), hosts, assembled));
      try (Side originals = Side.originals(work.path().resolve("originals"), hosts);
          Side narthex = get(second)) {
        for (Area area : areas) {
          compare(area, originals, narthex, known, threads);
        }
      }
    }
    out.printf(
        Locale.ROOT,
        "contact: %s: %d inputs, %d differences without a reason, %d s; seed %d%n",
        differences == 0 ? "passed" : "FAILED",
        inputs,
        differences,
        (System.nanoTime() - begun) / 1_000_000_000,
        options.seed);
    return differences == 0;
  }

  private List<Area> areas(PageServer pages, Hosts hosts) {
    List<Area> all =
        List.of(
            Exchanges.requests(),
            new Expositions(pages),
            new Names(pages, hosts),
            new TargetLists(pages),
            Reloads.configurations(),
            Reloads.rules(),
            Templates.alerts(pages),
            Reloads.alertmanagers(),
            Templates.notifications(pages),
            Exchanges.pushes(),
            new TextFiles());
    return all.stream()
        .filter(area -> options.area.isEmpty() || options.area.equals(area.name()))
        .toList();
  }

  private void compare(
      Area area, Side originals, Side narthex, Known known, ExecutorService threads)
      throws IOException, InterruptedException {
    long begun = System.nanoTime();
    List<Input> all = new ArrayList<>();
    for (String file : area.files()) {
      all.addAll(Input.read(options.corpus.resolve(file + ".txt")));
    }
    int own = all.size();
    all.addAll(new Mutator(options.seed).inputs(area, List.copyOf(all), options.count));
    Future<Map<String, String>> second = threads.submit(() -> area.outcomes(narthex, all));
    Map<String, String> expected = area.outcomes(originals, all);
    Map<String, String> actual = get(second);
    int same = 0;
    int explained = 0;
    List<String> found = new ArrayList<>();
    for (Input input : all) {
      String a = expected.getOrDefault(input.id(), "nothing");
      String b = actual.getOrDefault(input.id(), "nothing");
      if (a.equals(b)) {
        same++;
        continue;
      }
      String printed = printed(area, input, a, b);
      if (known.explains(area.name(), input, printed)) {
        explained++;
      } else {
        found.add(printed);
      }
    }
    for (String unused : known.unused(area.name(), options.full())) {
      found.add(
          "DIFFER "
              + area.name()
              + ": the known difference \""
              + unused
              + "\" is none any more; remove it from differences.tsv");
    }
    inputs += all.size();
    differences += found.size();
    found.stream().limit(options.show).forEach(out::println);
    out.printf(
        Locale.ROOT,
        "%s %s: %d inputs (%d own), %d same, %d known differences, %d differences, %.1f s%n",
        found.isEmpty() ? "ok    " : "FAILED",
        area.name(),
        all.size(),
        own,
        same,
        explained,
        found.size(),
        (System.nanoTime() - begun) / 1e9);
  }

  private static String printed(Area area, Input input, String expected, String actual) {
    List<String> a = List.of(expected.split("\n"));
    List<String> b = List.of(actual.split("\n"));
    return "DIFFER "
        + area.name()
        + ' '
        + input.id()
        + (input.generated() ? " of " + input.origin() : "")
        + " ("
        + input.kind()
        + ")\n  input    "
        + cut(Request.printed(input.body()))
        + "\n  original "
        + cut(String.join(" | ", without(a, b)))
        + "\n  narthex  "
        + cut(String.join(" | ", without(b, a)));
  }

  /** Returns the first line and those that the other one lacks. */
  private static List<String> without(List<String> lines, List<String> others) {
    List<String> out = new ArrayList<>(lines.subList(0, 1));
    lines.stream().skip(1).filter(line -> !others.contains(line)).forEach(out::add);
    return out;
  }

  private static String cut(String text) {
    return text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text;
  }

  private static <T> T get(Future<T> future) throws IOException, InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
    }
  }
}
