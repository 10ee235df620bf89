package io.narthex.bench.push;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Pushes rising numbers to groups of its own, one request after the other, until a kill. */
final class PushClient implements Runnable {
  private static final int GROUPS = 8;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Dice dice;
  private final List<PushedGroup> groups = new ArrayList<>();
  private long value;
  private int port;
  private volatile boolean killed;
  private @Nullable String problem;
  private long acknowledged;
  private long deleted;

  PushClient(int worker, long seed) {
    dice = new Dice(seed);
    for (int i = 0; i < GROUPS; i++) {
      groups.add(new PushedGroup(worker, i));
    }
  }

  /** Names the port of the next life of the server; {@link #run} comes after. */
  void use(int newPort) {
    port = newPort;
    killed = false;
  }

  /** Says that failures of requests have a reason from now on. */
  void expectKill() {
    killed = true;
  }

  /** Sends until a request fails. */
  @Override
  public void run() {
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      while (problem == null) {
        step(client);
      }
    } catch (IOException e) {
      if (!killed) {
        problem = "a request failed before the kill: " + e;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void step(HttpClient client) throws IOException, InterruptedException {
    PushedGroup group = dice.pick(groups);
    Request request = group.next(dice, ++value);
    HttpResponse<String> response =
        client.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + request.path()))
                .timeout(PATIENCE)
                .method(request.method(), BodyPublishers.ofByteArray(request.body()))
                .build(),
            BodyHandlers.ofString());
    int expected = request.push() ? 200 : 202;
    if (response.statusCode() != expected) {
      problem = request + ": " + response.statusCode() + ' ' + response.body().strip();
      return;
    }
    group.acknowledge();
    if (request.push()) {
      acknowledged++;
    } else {
      deleted++;
    }
  }

  /** Returns what failed without a kill. */
  List<String> failures() {
    String found = problem;
    return found == null ? List.of() : List.of(found);
  }

  /** Compares all groups with what is shown. */
  List<String> check(Exposition shown) {
    List<String> problems = new ArrayList<>();
    groups.forEach(group -> problems.addAll(group.check(shown)));
    return problems;
  }

  /** Returns how many pushes were acknowledged. */
  long acknowledged() {
    return acknowledged;
  }

  /** Returns how many deletions were acknowledged. */
  long deleted() {
    return deleted;
  }
}
