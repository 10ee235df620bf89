package io.narthex.bench.push;

import io.narthex.bench.Proof;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Sends random pushes, deletions and restarts to two servers and compares answers and what they
 * show after each.
 *
 * <p>Deletions are answered before they are done, so what is shown gets a moment to become equal.
 * After a mismatch all groups are deleted, so that one fault is not reported again and again.
 */
final class PushDifferential {
  /** Mismatches after which there is no more to learn. */
  private static final int MOST_MISMATCHES = 10;

  private static final int MOST_TEXTS = 20;
  private static final int MOST_LINES = 12;
  private static final Duration MOMENT = Duration.ofSeconds(3);
  private static final long POLL_MS = 5;
  private static final byte[] NOTHING = {};

  /** Least steps of which a mixture can be demanded. */
  private static final int MANY = 300;

  private static final int LEAST_ACCEPTED_PERCENT = 50;
  private static final int MOST_ACCEPTED_PERCENT = 85;

  private final Side original;
  private final Side other;
  private final boolean verbose;
  private final Duration moment;
  private final Dice dice;
  private final RandomRequests requests;
  private final Tally tally = new Tally();
  private final List<String> mismatches = new ArrayList<>();
  private final List<String> documentedTexts = new ArrayList<>();
  private final Set<String> filled = new HashSet<>();
  private int merges;
  private int restarts;
  private int comparisons;
  private long samples;
  private int repaired;
  private int otherTexts;
  private int otherHelps;

  PushDifferential(Side original, Side other, long seed, boolean verbose) {
    this(original, other, seed, verbose, MOMENT);
  }

  /**
   * Creates one.
   *
   * @param moment how long what is shown may take to become equal
   */
  PushDifferential(Side original, Side other, long seed, boolean verbose, Duration moment) {
    this.original = original;
    this.other = other;
    this.verbose = verbose;
    this.moment = moment;
    dice = new Dice(seed);
    requests = new RandomRequests(dice);
  }

  /** Sends so many steps and gives the verdicts. */
  void run(int steps, Proof proof) throws IOException, InterruptedException {
    int step = 0;
    while (step < steps && mismatches.size() < MOST_MISMATCHES) {
      step++;
      if (dice.below(150) == 0) {
        restart(step);
      } else {
        send(step, requests.next());
      }
    }
    tally.lines().forEach(line -> System.out.println("       " + line));
    proof.verdict(
        "answers and what is shown",
        String.format(
            Locale.ROOT,
            "%d steps, %d restarts, %d comparisons of %d samples, %d mismatches; the original"
                + " showed nothing after %d pushes, %d help texts of another group",
            step,
            restarts,
            comparisons,
            samples,
            mismatches.size(),
            repaired,
            otherHelps),
        mismatches.isEmpty() ? List.of() : List.of("see above; again with the same seed"));
    proof.verdict(
        "texts of refusals", otherTexts + " differ where none is documented", documentedTexts);
    if (steps >= MANY && mismatches.isEmpty()) {
      proof.verdict(
          "mixture",
          tally.acceptedPercent() + " % of the pushes were accepted, " + merges + " merged",
          mixture());
    }
  }

  private List<String> mixture() {
    int percent = tally.acceptedPercent();
    return percent < LEAST_ACCEPTED_PERCENT || percent > MOST_ACCEPTED_PERCENT || merges == 0
        ? List.of("of 50 to 85 %, with merges, something would be learnt")
        : List.of();
  }

  /** Returns the mismatches so far. */
  List<String> mismatches() {
    return mismatches;
  }

  private void restart(int step) throws IOException, InterruptedException {
    original.restart();
    other.restart();
    restarts++;
    compare(step, "restart of both", List.of());
  }

  /** Sends a request to both and compares. */
  void send(int step, Request request) throws IOException, InterruptedException {
    Reply expected = send(step, request, original);
    Reply actual = send(step, request, other);
    tally.count(request, expected);
    if (expected.accepted()) {
      remember(request);
    }
    List<String> problems = new ArrayList<>();
    if (!expected.agrees(actual)) {
      problems.add("status " + expected.status() + " / " + actual.status());
    }
    texts(request, expected, actual);
    if (!shows(original)) {
      repair(request.path());
    }
    compare(
        step,
        request
            + "\n  "
            + original.name()
            + ": "
            + expected
            + "\n  "
            + other.name()
            + ": "
            + actual,
        problems);
  }

  private static Reply send(int step, Request request, Side side) throws IOException {
    try {
      return side.send(request);
    } catch (IOException e) {
      throw new IOException(
          side.name() + " gave no answer at step " + step + " to " + request + ": " + e, e);
    }
  }

  /**
   * Deletes a group after which the original shows nothing any more, and may refuse every push: one
   * that is not UTF-8, that is another one's twin when the empty instance is added, or that has a
   * family without a name.
   */
  private void repair(String path) throws IOException, InterruptedException {
    repaired++;
    Request delete = new Request("repair", "DELETE", path, Map.of(), NOTHING);
    original.send(delete);
    other.send(delete);
    filled.remove(path);
    await(() -> shows(original), original.name() + " shows nothing");
  }

  /** Returns whether a server shows what it has: a group has at least the times of its pushes. */
  private static boolean shows(Side side) throws IOException {
    Reply shown = side.exposition();
    return shown.status() == 200
        && (!shown.body().isBlank() || Groups.parse(side.groups().body()).paths().isEmpty());
  }

  private void remember(Request request) {
    if (!request.push()) {
      filled.remove(request.path());
    } else if (!filled.add(request.path()) && request.method().equals("POST")) {
      merges++;
    }
  }

  private void texts(Request request, Reply expected, Reply actual) {
    if (expected.status() != 400 || actual.status() != 400) {
      return;
    }
    String documented = expected.documented();
    if (!documented.isEmpty() && !documented.equals(actual.documented())) {
      documentedTexts.add(
          request.path() + ": " + expected.body().strip() + " / " + actual.body().strip());
    } else if (documented.isEmpty() && !expected.body().equals(actual.body())) {
      otherTexts++;
      if (verbose && otherTexts <= MOST_TEXTS) {
        System.out.println(
            "       text: "
                + request
                + "\n         "
                + expected.body().strip()
                + "\n         "
                + actual.body().strip());
      }
    }
  }

  private void compare(int step, String what, List<String> answers)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + moment.toNanos();
    List<String> shown = shown();
    while (!shown.isEmpty() && System.nanoTime() < deadline) {
      Thread.sleep(POLL_MS);
      shown = shown();
    }
    comparisons++;
    if (answers.isEmpty() && shown.isEmpty()) {
      return;
    }
    StringBuilder text = new StringBuilder("MISMATCH at step " + step + ": " + what);
    answers.forEach(line -> text.append("\n  ").append(line));
    shown.stream().limit(MOST_LINES).forEach(line -> text.append("\n  ").append(line));
    System.out.println(text);
    mismatches.add(text.toString());
    empty();
  }

  /** Returns what differs in what is shown. */
  private List<String> shown() throws IOException {
    Reply expected = original.exposition();
    Reply actual = other.exposition();
    Reply expectedGroups = original.groups();
    Reply actualGroups = other.groups();
    for (Reply reply : List.of(expected, actual, expectedGroups, actualGroups)) {
      if (reply.status() != 200) {
        return List.of("what is pushed is answered with " + reply);
      }
    }
    try {
      Exposition mine = Exposition.parse(expected.body());
      Exposition others = Exposition.parse(actual.body());
      Groups groups = Groups.parse(expectedGroups.body());
      List<String> out = new ArrayList<>(mine.differences(others));
      for (String family : mine.otherHelps(others)) {
        if (groups.helps(family).contains(others.help(family))) {
          otherHelps++;
        } else {
          out.add("help of " + family + ": " + mine.help(family) + " / " + others.help(family));
        }
      }
      out.addAll(groups.differences(Groups.parse(actualGroups.body())));
      samples += mine.size();
      return out;
    } catch (IllegalArgumentException e) {
      return List.of(String.valueOf(e.getMessage()));
    }
  }

  private void empty() throws IOException, InterruptedException {
    for (Side side : List.of(original, other)) {
      for (String path : groups(side).paths()) {
        side.send(new Request("repair", "DELETE", path, Map.of(), NOTHING));
      }
      await(() -> groups(side).paths().isEmpty(), side.name() + " keeps groups that were deleted");
    }
    filled.clear();
  }

  private static Groups groups(Side side) throws IOException {
    Reply reply = side.groups();
    if (reply.status() != 200) {
      throw new IOException(side.name() + " answers " + reply + " when asked for its groups");
    }
    return Groups.parse(reply.body());
  }

  private interface Condition {
    boolean holds() throws IOException;
  }

  private void await(Condition condition, String otherwise)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + moment.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() > deadline) {
        throw new IOException(otherwise);
      }
      Thread.sleep(POLL_MS);
    }
  }
}
