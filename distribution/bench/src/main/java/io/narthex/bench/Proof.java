package io.narthex.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A run that proves something: its options, its folder and its verdicts. Each verdict is a line
 * that begins with {@code ok} or {@code FAILED}; the exit status is 0 when all are ok, 1 otherwise,
 * 2 when the run could not be made.
 */
public final class Proof {
  private static final int SHOWN = 8;
  private static final String KEEP = "keep";

  private final String name;
  private final Map<String, Long> numbers;
  private final Map<String, String> texts;
  private final Set<String> flags = new HashSet<>();
  private final Path assembled;
  private final Path folder;
  private boolean passed = true;

  /** What is done. */
  public interface Body {
    /** Does it. */
    void run(Proof proof) throws IOException, InterruptedException;
  }

  /**
   * The options that a proof knows besides {@code --keep}.
   *
   * @param numbers whole numbers with their defaults; a seed is always one of them
   * @param texts texts with their defaults
   * @param flags options without a value
   */
  public record Options(Map<String, Long> numbers, Map<String, String> texts, List<String> flags) {
    /** Copies the collections. */
    public Options {
      numbers = new LinkedHashMap<>(numbers);
      texts = new LinkedHashMap<>(texts);
      flags = List.copyOf(flags);
    }
  }

  Proof(String name, List<String> args, Map<String, Long> defaults) throws IOException {
    this(name, args, new Options(defaults, Map.of(), List.of()));
  }

  Proof(String name, List<String> args, Options options) throws IOException {
    this.name = name;
    numbers = new LinkedHashMap<>(options.numbers);
    numbers.putIfAbsent("seed", System.nanoTime() & 0xffffff);
    texts = new LinkedHashMap<>(options.texts);
    List<String> known = new ArrayList<>(options.flags);
    known.add(KEEP);
    for (String arg : args.subList(1, args.size())) {
      int equals = arg.indexOf('=');
      String option = equals < 0 ? "" : arg.substring(0, equals).replaceFirst("^--", "");
      if (arg.startsWith("--") && known.contains(arg.substring(2))) {
        flags.add(arg.substring(2));
      } else if (texts.containsKey(option) && arg.startsWith("--")) {
        texts.put(option, arg.substring(equals + 1));
      } else if (numbers.containsKey(option) && arg.startsWith("--")) {
        try {
          numbers.put(option, Long.parseLong(arg.substring(equals + 1)));
        } catch (NumberFormatException e) {
          throw new IllegalArgumentException(
              name + ": a whole number is wanted, got \"" + arg + "\"", e);
        }
      } else {
        StringBuilder all = new StringBuilder();
        numbers.keySet().forEach(each -> all.append(" --").append(each).append("=N"));
        texts.keySet().forEach(each -> all.append(" --").append(each).append("=TEXT"));
        known.forEach(each -> all.append(" --").append(each));
        throw new IllegalArgumentException(name + ": unknown option \"" + arg + "\"; one of" + all);
      }
    }
    assembled = Path.of(args.getFirst()).toAbsolutePath();
    folder = Files.createTempDirectory("narthex-" + name);
  }

  /**
   * Runs a proof and ends the process.
   *
   * @param args the assembled folder, then options
   * @param defaults the options, all of which are whole numbers; a seed is always one of them
   */
  public static void run(String name, String[] args, Map<String, Long> defaults, Body body)
      throws InterruptedException {
    run(name, args, new Options(defaults, Map.of(), List.of()), body);
  }

  /** Runs a proof that has more options than numbers and ends the process. */
  public static void run(String name, String[] args, Options options, Body body)
      throws InterruptedException {
    Proof proof;
    try {
      proof = new Proof(name, List.of(args), options);
    } catch (IllegalArgumentException | IOException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    int status = 2;
    System.out.println(name + ": seed " + proof.number("seed"));
    long begun = System.nanoTime();
    try (TemporaryFolder temporary = new TemporaryFolder(proof.folder, !proof.flag(KEEP))) {
      body.run(proof);
      status = proof.passed ? 0 : 1;
      System.out.println(
          name
              + (proof.passed ? ": passed" : ": FAILED")
              + " after "
              + (System.nanoTime() - begun) / 1_000_000_000
              + " s");
      if (proof.flag(KEEP)) {
        System.out.println("kept: " + temporary.path());
      }
    } catch (IOException e) {
      System.err.println(name + ": " + e.getMessage());
    }
    System.exit(status);
  }

  /** Returns the value of an option. */
  public long number(String option) {
    Long value = numbers.get(option);
    if (value == null) {
      throw new IllegalArgumentException(name + " has no option --" + option);
    }
    return value;
  }

  /** Returns the value of an option that is a text. */
  public String text(String option) {
    String value = texts.get(option);
    if (value == null) {
      throw new IllegalArgumentException(name + " has no option --" + option);
    }
    return value;
  }

  /** Returns whether an option without a value was given. */
  public boolean flag(String option) {
    return flags.contains(option);
  }

  /** Returns the folder of the assembled distribution. */
  public Path assembled() {
    return assembled;
  }

  /** Returns a folder that goes at the end. */
  public Path folder() {
    return folder;
  }

  /** Says whether something holds; it does when there are no problems. */
  public synchronized void verdict(String what, String detail, List<String> problems) {
    System.out.println((problems.isEmpty() ? "ok     " : "FAILED ") + what + ": " + detail);
    problems.stream().limit(SHOWN).forEach(p -> System.out.println("         " + p));
    if (problems.size() > SHOWN) {
      System.out.println("         and " + (problems.size() - SHOWN) + " more");
    }
    passed &= problems.isEmpty();
  }

  /** Returns whether all verdicts were ok so far. */
  public synchronized boolean passed() {
    return passed;
  }
}
