package io.narthex.alerting;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.config.alertmanager.AlertmanagerConfigLoader;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.config.yaml.YamlReader;
import io.narthex.service.alerts.AlertmanagerService.AlertQuery;
import io.narthex.service.alerts.AlertmanagerService.InvalidRequestException;
import io.narthex.service.alerts.AlertmanagerService.PostedAlert;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.notify.NotifierService;
import io.narthex.service.server.HandOver;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.template.TemplateService;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notification.NotifiedAlert;
import io.narthex.spi.notifier.SendResult;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When groups notify, and that they notify of everything that belongs to them. */
@NullUnmarked
class GroupTimingTest implements NotifierService {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration RETENTION = Duration.ofHours(120);

  private final AlertmanagerConfig config =
      AlertmanagerConfigLoader.load(
          YamlReader.read(
              "am.yml",
              """
              route:
                receiver: r
                group_by: [alertname]
                group_wait: 15s
                group_interval: 1m
                repeat_interval: 1h
              receivers:
              - name: r
              """));
  private final List<String> notified = new ArrayList<>();
  private SimulatedTimers timers = new SimulatedTimers(START);
  private AlertmanagerCore core;

  private void start() {
    create(Duration.ZERO);
    core.apply(config);
  }

  private void create(Duration startDelay) {
    NotificationLog log = new NotificationLog(null, START);
    Deliveries deliveries = new Deliveries(timers, log, null, RETENTION);
    deliveries.notifiers(this);
    core =
        new AlertmanagerCore(
            timers,
            MatcherSyntax.Mode.FALLBACK,
            new Silences(null, RETENTION, false, START),
            log,
            deliveries,
            null,
            startDelay);
  }

  @Override
  public List<Integration> integrations(String receiver) {
    return List.of(new Integration(receiver, "fake", 0, true));
  }

  @Override
  public SendResult send(Integration integration, Notification n) {
    synchronized (notified) {
      long firing = n.alerts().stream().filter(NotifiedAlert::firing).count();
      notified.add(
          Duration.between(START, timers.now()).toSeconds()
              + "s "
              + n.status()
              + " "
              + firing
              + "+"
              + (n.alerts().size() - firing));
    }
    return SendResult.delivered();
  }

  private PostedAlert alert(int i, long startsAt, long endsAt) {
    return new PostedAlert(
        Map.of("alertname", "A", "i", Integer.toString(i)),
        Map.of(),
        START.plusSeconds(startsAt),
        START.plusSeconds(endsAt),
        "");
  }

  private void passTo(long second) {
    timers.advanceTo(START.plusSeconds(second));
  }

  /** What is due runs at once on a thread of its own, before the caller gets any further. */
  private static final class HastyTimers extends SimulatedTimers {
    HastyTimers() {
      super(START);
    }

    @Override
    public Task at(Instant time, String name, Runnable action) {
      if (time.isAfter(now())) {
        return super.at(time, name, action);
      }
      Thread thread = new Thread(action, name);
      thread.start();
      try {
        while (thread.isAlive() && thread.getState() != Thread.State.BLOCKED) {
          thread.join(1);
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return () -> {};
    }
  }

  private void settle() {
    for (Thread t : Thread.getAllStackTraces().keySet()) {
      if (t.getName().startsWith("alert-group") || t.getName().startsWith("notify")) {
        try {
          t.join(10_000);
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }

  @Test
  void startDelayCountsFromTheFirstConfiguration() {
    create(Duration.ofSeconds(20));
    passTo(5);
    core.apply(config);
    core.post(List.of(alert(1, -100, 1000)));
    passTo(10);
    core.apply(config); // a reload does not restart the timing
    passTo(60);
    assertThat(notified).containsExactly("25s firing 1+0");
  }

  @Test
  void warmsUpAsSoonAsTheServerIsReadyAndNotBefore() {
    boolean[] ready = {false};
    List<Long> ran = new ArrayList<>();
    WarmUp.whenReady(
        timers, () -> ready[0], () -> ran.add(Duration.between(START, timers.now()).toMillis()));
    passTo(2);
    assertThat(ran).isEmpty();
    ready[0] = true;
    passTo(3);
    assertThat(ran).singleElement().satisfies(at -> assertThat(at).isBetween(2000L, 2100L));
  }

  @Test
  void reloadNotifiesOfCompleteGroupsOnly() {
    for (boolean endedFirst : new boolean[] {true, false}) {
      notified.clear();
      timers = new HastyTimers();
      start();
      List<PostedAlert> all = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        all.add(alert(i, 0, 7200));
      }
      core.post(all);
      passTo(16);
      settle();
      assertThat(notified).containsExactly("15s firing 20+0");
      List<PostedAlert> ended = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        ended.add(alert(endedFirst ? i : 19 - i, 0, 16));
      }
      core.post(ended);
      passTo(17);
      core.apply(config);
      settle();
      assertThat(notified).containsExactly("15s firing 20+0", "17s firing 10+10");
      core.close();
    }
  }

  @Test
  void firstNotificationOfABatchOfOldAlertsIsComplete() {
    timers = new HastyTimers();
    start();
    List<PostedAlert> all = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      all.add(alert(i, -100, 7200));
    }
    core.post(all);
    settle();
    assertThat(notified).containsExactly("0s firing 20+0");
  }

  @Test
  void alertThatFiresAgainAfterTheEndWasNotifiedWaitsForGroupWait() {
    start();
    core.post(List.of(alert(0, 0, 7200)));
    passTo(20);
    core.post(List.of(alert(0, 0, 20)));
    passTo(76);
    assertThat(notified).containsExactly("15s firing 1+0", "75s resolved 0+1");
    core.post(List.of(alert(0, 76, 7200)));
    passTo(200);
    assertThat(notified).containsExactly("15s firing 1+0", "75s resolved 0+1", "91s firing 1+0");
  }

  @Test
  void oldAlertThatJoinsAWaitingGroupWaitsWithIt() {
    start();
    core.post(List.of(alert(1, 0, 7200)));
    passTo(3);
    core.post(List.of(alert(2, -100, 7200)));
    passTo(40);
    assertThat(notified).containsExactly("15s firing 2+0");
  }

  @Test
  void oldAlertThatCreatesAGroupFlushesItAtOnce() {
    start();
    core.post(List.of(alert(1, -100, 7200)));
    passTo(1);
    assertThat(notified).containsExactly("0s firing 1+0");
  }

  @Test
  void groupKeysHaveNamesWithoutQuotes() {
    create(Duration.ZERO);
    core.apply(
        AlertmanagerConfigLoader.load(
            YamlReader.read(
                "am.yml",
                """
                route: {receiver: r, group_by: [a.b, alertname]}
                receivers: [{name: r}]
                """)));
    core.post(
        List.of(
            new PostedAlert(
                Map.of("alertname", "A", "a.b", "x\"y"),
                Map.of(),
                START,
                START.plusSeconds(60),
                "")));
    assertThat(core.groups(new AlertQuery(List.of(), "", List.of(), true, true, true, true)))
        .extracting(g -> g.groupKey())
        .containsExactly("{}:{a.b=\"x\\\"y\", alertname=\"A\"}");
  }

  @Test
  void configurationShownWithoutAFileIsTheOneInEffect() {
    AlertmanagerConfig shown =
        AlertmanagerConfigLoader.load(
            YamlReader.read("alertmanager.yml", DefaultAlertmanager.DEFAULT_YAML));
    AlertmanagerConfig used = AlertmanagerConfig.none();
    assertThat(shown.route()).isEqualTo(used.route());
    assertThat(shown.receivers()).isEqualTo(used.receivers());
    assertThat(shown.resolveTimeout()).isEqualTo(used.resolveTimeout());
  }

  @SuppressWarnings("unchecked")
  private static <T> T fake(Class<T> type, BiFunction<String, Object[], Object> answers) {
    return (T)
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              Class<?> result = method.getReturnType();
              return result.isInterface()
                  ? fake(result, answers)
                  : answers.apply(method.getName(), arguments);
            });
  }

  @Test
  void withoutAFileTheStatusShowsTheConfigurationInEffect(@TempDir Path state) {
    ServerInfo server =
        (ServerInfo)
            Proxy.newProxyInstance(
                ServerInfo.class.getClassLoader(),
                new Class<?>[] {ServerInfo.class},
                (proxy, method, arguments) ->
                    switch (method.getName()) {
                      case "flag" ->
                          switch ((String) arguments[0]) {
                            case "data.retention" -> "120h";
                            case "dispatch.start-delay" -> "0s";
                            default -> "";
                          };
                      case "feature" -> false;
                      case "stateDirectory" -> state;
                      default -> null;
                    });
    DefaultAlertmanager alertmanager =
        new DefaultAlertmanager(
            server,
            fake(Metrics.class, (name, arguments) -> name.equals("value") ? 0.0 : null),
            fake(TemplateService.class, (name, arguments) -> null),
            new HandOver() {
              @Override
              public void leave(String key, Object value) {}

              @Override
              public @Nullable Object take(String key) {
                return null;
              }
            });
    try {
      assertThat(alertmanager.status().configYaml()).isEqualTo(DefaultAlertmanager.DEFAULT_YAML);
    } finally {
      alertmanager.stop();
    }
  }

  @Test
  void labelNamesAreValidAsInAlertmanager() throws java.io.IOException {
    Suite suite = new Suite("alertmanager-label-names");
    for (com.fasterxml.jackson.databind.JsonNode c :
        Suite.json(Suite.folder("alertmanager-matchers").resolve("label-names.json"))
            .get("cases")) {
      MatcherSyntax.Mode mode =
          c.get("mode").asText().equals("classic")
              ? MatcherSyntax.Mode.CLASSIC
              : MatcherSyntax.Mode.UTF8;
      NotificationLog log = new NotificationLog(null, START);
      boolean valid = true;
      try (AlertmanagerCore one =
          new AlertmanagerCore(
              timers,
              mode,
              new Silences(null, RETENTION, false, START),
              log,
              new Deliveries(timers, log, null, RETENTION),
              null,
              Duration.ZERO)) {
        one.post(
            List.of(
                new PostedAlert(
                    Map.of(c.get("label_name").asText(), "v"), Map.of(), null, null, "")));
      } catch (InvalidRequestException e) {
        valid = false;
      }
      suite.check(c.get("id").asText(), valid == c.get("valid").asBoolean(), "valid: " + valid);
    }
    suite.finish(10);
  }
}
