package io.narthex.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A run that proves something: its options, its folder and its verdicts. Each verdict is a line
 * that begins with {@code ok} or {@code FAILED}; the exit status is 0 when all are ok, 1 otherwise,
 * 2 when the run could not be made.
 */
public final class Proof {
  private static final int SHOWN = 8;

  private final String name;
  private final Map<String, Long> numbers;
  private final boolean keep;
  private final Path assembled;
  private final Path folder;
  private boolean passed = true;

  /** What is done. */
  public interface Body {
    /** Does it. */
    void run(Proof proof) throws IOException, InterruptedException;
  }

  Proof(String name, List<String> args, Map<String, Long> defaults) throws IOException {
    this.name = name;
    numbers = new LinkedHashMap<>(defaults);
    numbers.putIfAbsent("seed", System.nanoTime() & 0xffffff);
    boolean kept = false;
    for (String arg : args.subList(1, args.size())) {
      int equals = arg.indexOf('=');
      String option = equals < 0 ? "" : arg.substring(0, equals).replaceFirst("^--", "");
      if (arg.equals("--keep")) {
        kept = true;
      } else if (numbers.containsKey(option) && arg.startsWith("--")) {
        try {
          numbers.put(option, Long.parseLong(arg.substring(equals + 1)));
        } catch (NumberFormatException e) {
          throw new IllegalArgumentException(
              name + ": a whole number is wanted, got \"" + arg + "\"", e);
        }
      } else {
        throw new IllegalArgumentException(
            name
                + ": unknown option \""
                + arg
                + "\"; one of --"
                + String.join("=N --", numbers.keySet())
                + "=N --keep");
      }
    }
    keep = kept;
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
    Proof proof;
    try {
      proof = new Proof(name, List.of(args), defaults);
    } catch (IllegalArgumentException | IOException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    int status = 2;
    System.out.println(name + ": seed " + proof.number("seed"));
    long begun = System.nanoTime();
    try (TemporaryFolder temporary = new TemporaryFolder(proof.folder, !proof.keep)) {
      body.run(proof);
      status = proof.passed ? 0 : 1;
      System.out.println(
          name
              + (proof.passed ? ": passed" : ": FAILED")
              + " after "
              + (System.nanoTime() - begun) / 1_000_000_000
              + " s");
      if (proof.keep) {
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
