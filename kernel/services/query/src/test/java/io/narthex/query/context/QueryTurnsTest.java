package io.narthex.query.context;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.query.context.QueryTurns.Lane;
import io.narthex.query.context.QueryTurns.Turn;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class QueryTurnsTest {
  private final QueryTurns turns = new QueryTurns(8, 2);

  private Turn take(Lane lane) throws InterruptedException {
    return turns.await(lane, System.nanoTime() + TimeUnit.SECONDS.toNanos(30));
  }

  private void none(Lane lane) {
    assertThatThrownBy(() -> turns.await(lane, System.nanoTime() + 1_000_000))
        .isInstanceOf(QueryMemory.TimedOut.class);
  }

  /** Lets the time pass in which a query is a short one. */
  private static void outlast() {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(QueryTurns.SHORT_MS) + 1;
    while (System.nanoTime() - until < 0) {
      Thread.onSpinWait();
    }
  }

  @Test
  void eachLaneHasItsTurns() throws Exception {
    List<Turn> taken = new ArrayList<>();
    for (Lane lane : List.of(Lane.RANGE, Lane.RANGE, Lane.LONG, Lane.LONG)) {
      taken.add(take(lane));
    }
    none(Lane.RANGE);
    none(Lane.LONG);
    for (int i = 0; i < 4; i++) {
      taken.add(take(i % 2 == 0 ? Lane.INSTANT : Lane.RULE));
    }
    none(Lane.INSTANT);
    taken.forEach(Turn::close);
    for (Lane lane : Lane.values()) {
      take(lane).close();
    }
  }

  @Test
  void whatTakesLongMovesOrBeginsAgain() throws Exception {
    Turn first = take(Lane.INSTANT);
    Turn second = take(Lane.RANGE);
    Turn third = take(Lane.INSTANT);
    assertThatCode(third::check).doesNotThrowAnyException();
    outlast();
    first.check();
    second.check();
    none(Lane.LONG);
    assertThatThrownBy(third::check).isInstanceOf(QueryTurns.NotShort.class);
    take(Lane.RANGE).close(); // the one that has moved has left its turn
    second.close();
    third.check();
    third.close();
    first.close();
    take(Lane.LONG).close();
  }

  @Test
  void rulesAreNeverGivenUp() throws Exception {
    Turn rule = take(Lane.RULE);
    Turn one = take(Lane.LONG);
    Turn other = take(Lane.LONG);
    outlast();
    assertThatCode(rule::check).doesNotThrowAnyException();
    one.close();
    other.close();
    rule.close();
  }

  @Test
  void fewTurnsHaveNoLanes() throws Exception {
    QueryTurns few = new QueryTurns(2, 2);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    Turn one = few.await(Lane.RANGE, deadline);
    Turn other = few.await(Lane.LONG, deadline);
    outlast();
    assertThatCode(one::check).doesNotThrowAnyException();
    assertThatThrownBy(() -> few.await(Lane.INSTANT, System.nanoTime() + 1_000_000))
        .isInstanceOf(QueryMemory.TimedOut.class);
    one.close();
    other.close();
  }
}
