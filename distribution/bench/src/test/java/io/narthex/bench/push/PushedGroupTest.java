package io.narthex.bench.push;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class PushedGroupTest {
  private static final String LABELS = "{group=\"2\",instance=\"\",job=\"kills\",worker=\"1\"}";
  private static final Exposition NOTHING = Exposition.parse("");

  private final Dice dice = new Dice(1);
  private final PushedGroup group = new PushedGroup(1, 2);

  /** Returns what is shown after a push to an empty group. */
  private static Exposition after(Request push) {
    StringBuilder text = new StringBuilder("push_time_seconds" + LABELS + " 1.79e+09\n");
    for (String line : new String(push.body(), UTF_8).split("\n", -1)) {
      text.append(line.startsWith("#") ? line : line.replace(" ", LABELS + " ")).append('\n');
    }
    return Exposition.parse(text.toString());
  }

  private Request push(String method) {
    Request request = group.next(dice, 5);
    while (!request.method().equals(method) || (request.push() && request.body().length == 0)) {
      request = group.next(dice, 5);
    }
    return request;
  }

  @Test
  void whatWasAcknowledgedHasToBeThere() {
    Request push = push("PUT");
    group.acknowledge();
    assertThat(group.check(after(push))).isEmpty();
    assertThat(group.check(NOTHING))
        .singleElement()
        .asString()
        .contains("acknowledged {kill_")
        .endsWith("shown no group{}");
  }

  @Test
  void whatIsOnItsWayMayBeThere() {
    Request push = push("POST");
    assertThat(group.check(after(push))).isEmpty();
    // it was shown once, so it stays
    assertThat(group.check(NOTHING)).hasSize(1);
    push("PUT");
    assertThat(group.check(NOTHING)).isEmpty();
  }

  @Test
  void whatWasDeletedHasToBeGone() {
    Request push = push("PUT");
    Exposition shown = after(push);
    group.acknowledge();
    push("DELETE");
    assertThat(group.check(shown)).isEmpty();
    push("DELETE");
    group.acknowledge();
    assertThat(group.check(shown))
        .singleElement()
        .asString()
        .contains("acknowledged no group{}, shown {kill_");
  }
}
