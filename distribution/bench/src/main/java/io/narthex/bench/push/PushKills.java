package io.narthex.bench.push;

import io.narthex.bench.Proof;
import io.narthex.bench.torture.ServerUnderTest;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Kills a real server at random moments while clients push, and checks after each start that every
 * acknowledged push and deletion is there.
 */
final class PushKills {
  private static final int CLIENTS = 4;
  private static final int SHORTEST_LIFE_MS = 50;
  private static final int LIFE_MS = 2_000;

  private static final ServerUnderTest.Launch LAUNCH =
      new ServerUnderTest.Launch(List.of(), List.of(), "-Xmx512m");

  private final Proof proof;
  private final Path plugins;
  private final Dice dice;
  private final List<PushClient> clients = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();
  private long slowestMs;

  PushKills(Proof proof) throws IOException {
    this.proof = proof;
    dice = new Dice(proof.number("seed"));
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(new PushClient(i, proof.number("seed") * CLIENTS + i));
    }
    Path folder = proof.folder();
    plugins = Files.createDirectories(folder.resolve("plugins"));
    Files.writeString(folder.resolve("prometheus.yml"), "global: {}\n");
    Files.writeString(
        folder.resolve("alertmanager.yml"), "route: {receiver: none}\nreceivers: [{name: none}]\n");
  }

  /** Kills as often as wanted, or until something is lost, and gives the verdict. */
  void run() throws IOException, InterruptedException {
    int kills = (int) proof.number("kills");
    int done = 0;
    ServerUnderTest server = start();
    try {
      while (done < kills && problems.isEmpty()) {
        live(server);
        done++;
        server = start();
        check(server);
        if (done % 10 == 0) {
          System.out.println("       " + done + " kills, " + pushes() + " pushes");
        }
      }
    } finally {
      server.close();
    }
    proof.verdict(
        "kills",
        done
            + " SIGKILLs, "
            + pushes()
            + " pushes and "
            + clients.stream().mapToLong(PushClient::deleted).sum()
            + " deletions acknowledged, slowest start "
            + slowestMs
            + " ms",
        problems);
  }

  private long pushes() {
    return clients.stream().mapToLong(PushClient::acknowledged).sum();
  }

  private ServerUnderTest start() throws IOException, InterruptedException {
    long begun = System.nanoTime();
    ServerUnderTest server =
        ServerUnderTest.start(proof.assembled(), proof.folder(), plugins, LAUNCH);
    slowestMs = Math.max(slowestMs, Duration.ofNanos(System.nanoTime() - begun).toMillis());
    return server;
  }

  /** Lets the clients push until the server is killed. */
  private void live(ServerUnderTest server) throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (PushClient client : clients) {
      client.use(server.port());
      threads.add(Thread.ofPlatform().name("push client").start(client));
    }
    Thread.sleep(SHORTEST_LIFE_MS + dice.below(LIFE_MS));
    clients.forEach(PushClient::expectKill);
    server.kill();
    for (Thread thread : threads) {
      thread.join();
    }
  }

  private void check(ServerUnderTest server) throws IOException, InterruptedException {
    clients.forEach(client -> problems.addAll(client.failures()));
    HttpResponse<String> response = server.get("/push/metrics");
    if (response.statusCode() != 200) {
      problems.add("GET /push/metrics: " + response.statusCode() + ' ' + response.body());
      return;
    }
    Exposition shown = Exposition.parse(response.body());
    clients.forEach(client -> problems.addAll(client.check(shown)));
  }
}
