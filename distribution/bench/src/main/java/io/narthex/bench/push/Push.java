package io.narthex.bench.push;

import io.narthex.bench.Peer;
import io.narthex.bench.Proof;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Proves that Narthex takes the place of a Pushgateway: it answers random pushes as the original
 * does and shows the same afterwards, and nothing that was acknowledged is lost by SIGKILL.
 *
 * <p>Usage: {@code Push ASSEMBLED_FOLDER [--steps=1000] [--kills=100]
 * [--only=differential|kills|clients] [--against=PROGRAM] [--verbose] [--seed=N] [--keep]}. {@code
 * --against} is another Pushgateway that is compared in place of Narthex. {@code clients} takes
 * prom-client from npm and prometheus-client from pip, and uses curl and promtool.
 */
public final class Push {
  private static final String PROGRAM = "prometheus-pushgateway";
  private static final String DIFFERENTIAL = "differential";
  private static final String KILLS = "kills";
  private static final String CLIENTS = "clients";

  private Push() {}

  /** Runs with the options of the command line. */
  public static void main(String[] args) throws InterruptedException {
    Proof.Options options =
        new Proof.Options(
            Map.of("steps", 1000L, "kills", 100L),
            Map.of("only", "", "against", ""),
            List.of("verbose"));
    Proof.run("push", args, options, Push::run);
  }

  private static void run(Proof proof) throws IOException, InterruptedException {
    String only = proof.text("only");
    if (!Set.of("", DIFFERENTIAL, KILLS, CLIENTS).contains(only)) {
      throw new IOException("--only is differential, kills or clients, got \"" + only + '"');
    }
    boolean narthex = proof.text("against").isEmpty();
    if (Set.of(KILLS, CLIENTS).contains(only) && !narthex) {
      throw new IOException("--against is for the differential");
    }
    if (only.isEmpty() || only.equals(DIFFERENTIAL)) {
      compare(proof);
    }
    if ((only.isEmpty() && narthex) || only.equals(CLIENTS)) {
      clients(proof);
    }
    if ((only.isEmpty() && narthex) || only.equals(KILLS)) {
      new PushKills(proof).run();
    }
  }

  private static Gateway original(Proof proof) throws IOException, InterruptedException {
    try {
      return Gateway.original(
          "original", Peer.program(PROGRAM), proof.folder().resolve("original"));
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static void clients(Proof proof) throws IOException, InterruptedException {
    try (Gateway original = original(proof);
        Gateway narthex = Gateway.narthex(proof.assembled(), proof.folder().resolve("other"))) {
      new PushPrograms(original, narthex, proof).run();
    }
  }

  private static void compare(Proof proof) throws IOException, InterruptedException {
    try (Side original = original(proof);
        Side other = other(proof)) {
      new PushDifferential(original, other, proof.number("seed"), proof.flag("verbose"))
          .run((int) proof.number("steps"), proof);
    }
  }

  private static Side other(Proof proof) throws IOException, InterruptedException {
    Path folder = proof.folder().resolve("other");
    if (proof.text("against").isEmpty()) {
      return Gateway.narthex(proof.assembled(), folder);
    }
    Path program = Path.of(proof.text("against")).toAbsolutePath();
    if (!Files.isExecutable(program)) {
      throw new IOException(program + " is no program");
    }
    return Gateway.original("other", program, folder);
  }
}
