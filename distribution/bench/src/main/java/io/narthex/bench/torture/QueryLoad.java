package io.narthex.bench.torture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Asks questions whose answers are known, all the time. An answer is right, or it is 503 with
 * Retry-After; anything else is wrong.
 */
final class QueryLoad implements AutoCloseable {
  private static final int CLIENTS = 3;
  private static final long PAUSE_MS = 25;
  private static final int SHOWN = 10;

  /** A question with its answer, the field {@code data} of the response. */
  private record Question(String path, String answer) {}

  private final ServerUnderTest server;
  private final Consumer<String> progress;
  private final ObjectMapper json = new ObjectMapper();
  private final List<Question> questions = new CopyOnWriteArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicInteger right = new AtomicInteger();
  private final AtomicInteger unavailable = new AtomicInteger();
  private final AtomicInteger wrong = new AtomicInteger();
  private final AtomicLong outage = new AtomicLong(); // when the first 503 came; 0: none since
  private final AtomicLong longestOutage = new AtomicLong();
  private final List<String> wrongOnes = new CopyOnWriteArrayList<>();
  private volatile boolean stopping;

  /**
   * Creates a load without questions.
   *
   * @param progress takes the first wrong answers as they come
   */
  QueryLoad(ServerUnderTest server, Consumer<String> progress) {
    this.server = server;
    this.progress = progress;
  }

  /** Adds an instant query whose result is one number at any time. */
  void number(String expression, long value) {
    questions.add(
        new Question(
            "/api/v1/query?query=" + ServerUnderTest.encode(expression), Long.toString(value)));
  }

  /** Adds a question that is answered now as it has to be answered for ever. */
  void settled(String path) throws IOException, InterruptedException {
    questions.add(new Question(path, server.data(path).toString()));
  }

  /** Adds a range query over a time that has passed. */
  void settled(String expression, long fromMs, long toMs) throws IOException, InterruptedException {
    settled(
        "/api/v1/query_range?query="
            + ServerUnderTest.encode(expression)
            + "&start="
            + fromMs / 1000.0
            + "&end="
            + toMs / 1000.0
            + "&step=1");
  }

  void start() {
    for (int i = 0; i < CLIENTS; i++) {
      int client = i;
      threads.add(Thread.ofPlatform().name("queries " + i).start(() -> run(client)));
    }
  }

  /** Forgets what has been answered so far. */
  void begin() {
    right.set(0);
    unavailable.set(0);
    wrong.set(0);
    wrongOnes.clear();
    outage.set(0);
    longestOutage.set(0);
  }

  private void run(int client) {
    int next = client;
    while (!stopping) {
      Question question = questions.get(next % questions.size());
      next++;
      try {
        ask(question);
        Thread.sleep(PAUSE_MS);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void ask(Question question) throws InterruptedException {
    String found;
    try {
      HttpResponse<String> response = server.get(question.path);
      if (response.statusCode() == 503
          && response.headers().firstValue("Retry-After").isPresent()) {
        unavailable.incrementAndGet();
        outage.compareAndSet(0, System.nanoTime());
        return;
      }
      found =
          response.statusCode() == 200
              ? answer(json.readTree(response.body()))
              : response.statusCode() + " " + response.body().strip();
    } catch (IOException e) {
      found = e.toString();
    }
    if (question.answer.equals(found)) {
      right.incrementAndGet();
      long since = outage.getAndSet(0);
      if (since != 0) {
        longestOutage.accumulateAndGet(System.nanoTime() - since, Math::max);
      }
    } else {
      wrong.incrementAndGet();
      if (wrongOnes.size() < SHOWN) {
        String text =
            Instant.now()
                + " "
                + question.path
                + ": expected "
                + cut(question.answer)
                + ", got "
                + cut(found);
        wrongOnes.add(text);
        progress.accept("wrong: " + text);
      }
    }
  }

  /** Returns the number of an instant query with one series, else the data as they are. */
  private static String answer(JsonNode response) {
    JsonNode data = response.path("data");
    @Nullable JsonNode only = data.path("result").size() == 1 ? data.path("result").get(0) : null;
    return only != null && only.has("value")
        ? only.path("value").path(1).asText()
        : data.toString();
  }

  private static String cut(String text) {
    return text.length() <= 300 ? text : text.substring(0, 300) + "…";
  }

  int right() {
    return right.get();
  }

  /** Returns how many were answered with 503 and Retry-After. */
  int unavailable() {
    return unavailable.get();
  }

  /** Returns the longest time in seconds from a 503 to the next right answer. */
  double longestOutage() {
    return longestOutage.get() / 1e9;
  }

  int wrong() {
    return wrong.get();
  }

  /** Returns the first wrong answers. */
  List<String> wrongOnes() {
    return List.copyOf(wrongOnes);
  }

  @Override
  public void close() {
    stopping = true;
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
