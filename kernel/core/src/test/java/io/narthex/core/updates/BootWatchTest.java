package io.narthex.core.updates;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BootWatchTest {
  private final BlockingQueue<String> reports = new LinkedBlockingQueue<>();

  private void report(String problem, java.util.function.Predicate<String> suspects) {
    reports.add(problem + " rules:" + suspects.test("rules") + " web:" + suspects.test("web"));
  }

  private BootWatch watch(Duration limit, java.util.function.BooleanSupplier excused) {
    BootWatch watch = new BootWatch(limit, excused, this::report);
    watch.begin();
    return watch;
  }

  private String reported() throws InterruptedException {
    return String.valueOf(reports.poll(30, TimeUnit.SECONDS));
  }

  @Test
  void stepThatDoesNotEndIsReportedWithWhatItWas() throws InterruptedException {
    watch(Duration.ofSeconds(1), () -> false).step("the configuration");
    assertThat(reported())
        .isEqualTo("the configuration does not come up within 1 s rules:true web:true");
  }

  @Test
  void onlyTheUpdateOnTrialIsToBlameForItsTrial() throws InterruptedException {
    watch(Duration.ofSeconds(1), () -> false).trial("the trial of rules", "rules", false);
    assertThat(reported())
        .isEqualTo("the trial of rules does not come up within 1 s rules:true web:false");
  }

  @Test
  void stepWithPluginsIsGrantedMore() throws InterruptedException {
    watch(Duration.ofMillis(200), () -> false).patientStep("plugin a");
    assertThat(reported()).startsWith("plugin a does not come up within 1 s");
  }

  @Test
  void openingOfAStorageDoesNotCount() throws InterruptedException {
    AtomicInteger looks = new AtomicInteger();
    watch(Duration.ofMillis(1), () -> looks.incrementAndGet() < 10);
    assertThat(reported()).startsWith("a part of the server does not come up");
    assertThat(looks).hasValueGreaterThanOrEqualTo(10);
  }

  @Test
  void nothingIsReportedAfterTheEnd() throws InterruptedException {
    AtomicInteger looks = new AtomicInteger();
    BootWatch watch =
        watch(
            Duration.ofHours(1),
            () -> {
              looks.incrementAndGet();
              return false;
            });
    watch.end();
    assertThat(reports.poll(300, TimeUnit.MILLISECONDS)).isNull();
    assertThat(looks.get()).isLessThan(3);
  }
}
