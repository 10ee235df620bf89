package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.service.query.QueryActivity.Source;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;
import io.narthex.service.query.QueryOrigin;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RunningQueriesTest {
  private final RunningQueries running = new RunningQueries();
  private final CountDownLatch inside = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);

  private CompletableFuture<String> query() {
    CompletableFuture<String> answer = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            String text =
                running.within(() -> {
                  inside.countDown();
                  try {
                    released.await();
                    return "right";
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new QueryException(Kind.CANCELED, "query was canceled");
                  }
                });
            answer.complete(text + " " + Thread.currentThread().isInterrupted());
          } catch (QueryException e) {
            answer.complete(e.kind() + " " + Thread.currentThread().isInterrupted());
          }
        });
    return answer;
  }

  @Test
  void stopWaitsForTheQueryInFlight() throws Exception {
    CompletableFuture<String> answer = query();
    inside.await();
    CountDownLatch stopped = new CountDownLatch(1);
    Thread stopping =
        Thread.ofVirtual()
            .start(() -> {
              running.stop(Duration.ofSeconds(50));
              stopped.countDown();
            });
    assertThat(stopped.await(100, TimeUnit.MILLISECONDS)).isFalse();
    released.countDown();
    stopping.join();
    assertThat(answer.get()).isEqualTo("right false");
  }

  @Test
  void queryThatTakesTooLongIsCancelledAndWorthARetry() throws Exception {
    CompletableFuture<String> answer = query();
    inside.await();
    running.stop(Duration.ofMillis(50));
    assertThat(answer.get()).as("the thread is given back clean").isEqualTo("UNAVAILABLE false");
  }

  @Test
  void nobodyGetsInAfterwards() {
    assertThat(running.within(() -> "in")).isEqualTo("in");
    running.stop(Duration.ZERO);
    assertThatThrownBy(() -> running.within(() -> "in"))
        .isInstanceOfSatisfying(
            QueryException.class, e -> assertThat(e.kind()).isEqualTo(Kind.UNAVAILABLE));
  }

  @Test
  void stopWaitsForTheOuterQueryThoughAnInnerOneHasEnded() throws Exception {
    CountDownLatch stopped = new CountDownLatch(1);
    CompletableFuture<String> answer = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() ->
            answer.complete(
                running.within(() -> {
                  String first = running.within(() -> "a");
                  inside.countDown();
                  try {
                    released.await();
                  } catch (InterruptedException e) {
                    return "interrupted";
                  }
                  return first + running.within(() -> "b"); // also while the engine is stopped
                })));
    inside.await();
    Thread stopping =
        Thread.ofVirtual()
            .start(() -> {
              running.stop(Duration.ofSeconds(50));
              stopped.countDown();
            });
    assertThat(stopped.await(100, TimeUnit.MILLISECONDS)).isFalse();
    released.countDown();
    stopping.join();
    assertThat(answer.get()).isEqualTo("ab");
  }

  private CompletableFuture<String> listed(QueryOrigin origin) {
    CompletableFuture<String> answer = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            answer.complete(
                running.within(
                    new RunningQueries.Asked("up", 1000, 2000, 10, origin),
                    () -> {
                      inside.countDown();
                      try {
                        released.await();
                        return "right";
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new QueryException(Kind.CANCELED, "query was canceled");
                      }
                    }));
          } catch (QueryException e) {
            answer.complete(
                e.kind() + " " + e.getMessage() + " " + Thread.currentThread().isInterrupted());
          }
        });
    return answer;
  }

  @Test
  void listsWhatRuns() throws Exception {
    CompletableFuture<String> answer = listed(new QueryOrigin.RuleGroup("f.yml", "g"));
    inside.await();
    assertThat(running.list())
        .singleElement()
        .satisfies(r -> {
          assertThat(r.id()).matches("[0-9A-F]{16}");
          assertThat(r.query()).isEqualTo("up");
          assertThat(r.source()).isEqualTo(Source.RULES);
          assertThat(r.client()).isEqualTo("f.yml;g");
          assertThat(r.durationNanos()).isPositive();
          assertThat(r.startMs()).isEqualTo(1000);
          assertThat(r.endMs()).isEqualTo(2000);
          assertThat(r.stepMs()).isEqualTo(10);
        });
    released.countDown();
    assertThat(answer.get()).isEqualTo("right");
    assertThat(running.list()).isEmpty();
  }

  @Test
  void anOperatorEndsOne() throws Exception {
    CompletableFuture<String> answer =
        listed(new QueryOrigin.Request("127.0.0.1", "GET", "/api/v1/query"));
    inside.await();
    String id = running.list().get(0).id();
    assertThat(running.cancel("FFF")).isNull();
    assertThat(running.cancel("not a number")).isNull();
    assertThat(running.cancel(id)).isNotNull().satisfies(r -> assertThat(r.id()).isEqualTo(id));
    assertThat(answer.get())
        .as("the thread is given back clean")
        .isEqualTo("CANCELED query was ended by an operator false");
    assertThat(running.cancel(id)).isNull();
  }
}
