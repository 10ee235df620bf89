package io.narthex.core;

import static io.narthex.core.BootSteps.part;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.BootSteps.Action;
import io.narthex.core.BootSteps.Gate;
import io.narthex.core.BootSteps.Part;
import io.narthex.core.check.Verdict;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BootStepsTest {
  private final List<String> events = new ArrayList<>();
  private final BootSteps steps = new BootSteps();

  private Part<String> made(String name) {
    return part(
        name,
        () -> {
          events.add("create " + name);
          return name;
        },
        it -> events.add("close " + it));
  }

  @Test
  void createsInOrderAndClosesTheNewestFirst() {
    Part<String> first = made("first");
    assertThat(
            steps.run(
                List.of(first, new Action("act", () -> events.add(first.get())), made("second"))))
        .isNull();
    steps.close();
    steps.close();
    assertThat(events)
        .containsExactly("create first", "first", "create second", "close second", "close first");
  }

  @Test
  void stepThatFailsIsNamedAndWhatWasCreatedIsClosed() {
    assertThatThrownBy(() ->
            steps.run(
                List.of(
                    made("first"),
                    new Action(
                        "the culprit",
                        () -> {
                          throw new IllegalStateException("no");
                        }),
                    made("second"))))
        .hasMessage("no");
    assertThat(steps.current()).isEqualTo("the culprit");
    steps.close();
    assertThat(events).containsExactly("create first", "close first");
  }

  @Test
  void gateEndsTheStartWithItsVerdict() {
    Verdict verdict = new Verdict(3, "enough");
    assertThat(steps.run(List.of(new Gate("gate", () -> verdict), made("never"))))
        .isEqualTo(verdict);
    assertThat(events).isEmpty();
  }

  @Test
  void partCreatedWhileTheServerStopsIsClosedAtOnce() {
    assertThatThrownBy(() ->
            steps.run(
                List.of(made("first"), new Action("the end comes", steps::close), made("second"))))
        .isInstanceOf(StartException.class);
    assertThat(events)
        .containsExactly("create first", "close first", "create second", "close second");
  }

  @Test
  void partThatDoesNotCloseDoesNotHoldUpTheOthers() {
    steps.run(
        List.of(
            made("first"),
            part(
                "bad",
                () -> "bad",
                it -> {
                  throw new IllegalStateException("does not close");
                })));
    steps.close();
    assertThat(events).containsExactly("create first", "close first");
  }

  @Test
  void partIsNotThereBeforeItsStep() {
    Part<String> later = made("later");
    assertThat(later.created()).isNull();
    assertThatThrownBy(later::get).hasMessage("the step \"later\" has not been run");
  }
}
