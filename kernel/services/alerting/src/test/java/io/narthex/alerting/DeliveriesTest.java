package io.narthex.alerting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.config.alertmanager.AlertmanagerConfigLoader;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.Labels;
import io.narthex.service.alerts.AlertmanagerService.AlertQuery;
import io.narthex.service.alerts.AlertmanagerService.AlertState;
import io.narthex.service.alerts.AlertmanagerService.InvalidRequestException;
import io.narthex.service.alerts.AlertmanagerService.PostedAlert;
import io.narthex.service.alerts.AlertmanagerService.SilenceRequest;
import io.narthex.service.alerts.AlertmanagerService.SilenceState;
import io.narthex.service.alerts.AlertmanagerService.UnknownSilenceException;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.AlertmanagerConfig.LabelMatcher;
import io.narthex.service.notify.NotifierService;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.SendResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
class DeliveriesTest implements NotifierService {
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
                group_wait: 10s
                group_interval: 1m
                repeat_interval: 1h
              receivers:
              - name: r
              """));
  private final SimulatedTimers timers = new SimulatedTimers(START);
  private final Deque<SendResult> answers = new ArrayDeque<>();
  private final List<String> notified = new ArrayList<>();
  private Runnable duringSend = () -> {};
  private Consumer<Notification> onSend = n -> {};
  private String waitsFor = "";
  private boolean nextIsNull;

  private AlertmanagerCore core(Path folder) {
    Silences silences =
        new Silences(
            folder == null ? null : folder.resolve("silences.jsonl"),
            RETENTION,
            false,
            timers.now());
    NotificationLog log =
        new NotificationLog(
            folder == null ? null : folder.resolve("notifications.jsonl"), timers.now());
    Deliveries deliveries = new Deliveries(timers, log, null, RETENTION);
    deliveries.notifiers(this);
    AlertmanagerCore core =
        new AlertmanagerCore(
            timers, MatcherSyntax.Mode.FALLBACK, silences, log, deliveries, null, Duration.ZERO);
    core.apply(config);
    return core;
  }

  private static void fire(AlertmanagerCore core, String name) {
    core.post(
        List.of(
            new PostedAlert(
                Map.of("alertname", name), Map.of(), null, core.now().plusSeconds(7200), "")));
  }

  private void pass(long seconds) {
    timers.advanceTo(timers.now().plusSeconds(seconds));
  }

  @Override
  public List<Integration> integrations(String receiver) {
    return List.of(new Integration(receiver, "fake", 0, true));
  }

  @Override
  public String waiting(Integration integration) {
    return waitsFor;
  }

  @Override
  public SendResult send(Integration integration, Notification notification) {
    duringSend.run();
    onSend.accept(notification);
    if (nextIsNull) {
      nextIsNull = false;
      return null;
    }
    SendResult answer = answers.isEmpty() ? SendResult.delivered() : answers.poll();
    notified.add(
        answer.getClass().getSimpleName()
            + " "
            + notification.status()
            + " "
            + notification.alerts().size());
    return answer;
  }

  @Test
  void triesAgainUntilAcceptedAndTellsOnce() {
    AlertmanagerCore core = core(null);
    for (int i = 0; i < 4; i++) {
      answers.add(SendResult.retryLater("busy"));
    }
    fire(core, "A");
    pass(300);
    assertThat(notified)
        .containsExactly(
            "RetryLater firing 1",
            "RetryLater firing 1",
            "RetryLater firing 1",
            "RetryLater firing 1",
            "Delivered firing 1");
  }

  @Test
  void waitsAsLongAsTheOtherSideAsks() {
    AlertmanagerCore core = core(null);
    answers.add(new SendResult.RetryLater("busy", Duration.ofSeconds(30)));
    fire(core, "A");
    pass(10);
    assertThat(notified).hasSize(1);
    pass(29);
    assertThat(notified).hasSize(1);
    pass(2);
    assertThat(notified).hasSize(2);
  }

  @Test
  void whatCouldNotBeToldInTimeIsToldWithTheNextTurn() {
    AlertmanagerCore core = core(null);
    answers.add(SendResult.rejected("no such channel"));
    fire(core, "A");
    pass(11);
    assertThat(notified).containsExactly("Rejected firing 1");
    pass(60);
    assertThat(notified).containsExactly("Rejected firing 1", "Delivered firing 1");
    pass(600);
    assertThat(notified).hasSize(2);
  }

  @Test
  void reloadDuringASendTellsNothingTwice() {
    AlertmanagerCore core = core(null);
    duringSend =
        () -> {
          duringSend = () -> {};
          core.apply(config);
          timers.spend(Duration.ofSeconds(5));
        };
    fire(core, "A");
    pass(1800);
    assertThat(notified).containsExactly("Delivered firing 1");
  }

  @Test
  void restartRemembersWhatWasToldAndWhatIsSilenced(@TempDir Path folder) throws IOException {
    AlertmanagerCore before = core(folder);
    fire(before, "A");
    String id =
        before
            .silences()
            .put(
                new SilenceRequest(
                    "",
                    List.of(new LabelMatcher("alertname", "=", "B")),
                    timers.now(),
                    timers.now().plusSeconds(3600),
                    "me",
                    "why",
                    Map.of("ticket", "7")),
                timers.now());
    pass(20);
    assertThat(notified).hasSize(1);
    before.close(); // a crash: nothing is written at the end, and the last line is torn
    Files.writeString(
        folder.resolve("notifications.jsonl"), "{\"groupKey\":\"x", StandardOpenOption.APPEND);
    AlertmanagerCore after = core(folder);
    fire(after, "A");
    fire(after, "B");
    pass(120);
    assertThat(notified).as("A was notified, B is silenced").hasSize(1);
    after.close();
    assertThat(new NotificationLog(folder.resolve("notifications.jsonl"), timers.now()).keys())
        .as("lines after the torn one count")
        .hasSize(1);
    assertThat(after.silences().get(id, timers.now()).annotations()).containsEntry("ticket", "7");
    assertThat(after.alerts(AlertQuery.ALL))
        .anySatisfy(a -> {
          assertThat(a.state()).isEqualTo(AlertState.SUPPRESSED);
          assertThat(a.silencedBy()).containsExactly(id);
        });
  }

  @Test
  void silencesChangeInPlaceOrGetANewId() {
    Silences silences = core(null).silences();
    List<LabelMatcher> matchers = List.of(new LabelMatcher("a", "=~", "b|c"));
    Instant now = timers.now();
    SilenceRequest request =
        new SilenceRequest("", matchers, now, now.plusSeconds(60), "me", "c", Map.of());
    String id = silences.put(request, now);
    String longer =
        silences.put(
            new SilenceRequest(id, matchers, now, now.plusSeconds(120), "me", "c", Map.of()), now);
    assertThat(longer).isEqualTo(id);
    String other =
        silences.put(
            new SilenceRequest(
                id,
                List.of(new LabelMatcher("a", "=", "b")),
                now,
                now.plusSeconds(120),
                "me",
                "c",
                Map.of()),
            now);
    assertThat(other).isNotEqualTo(id);
    assertThat(silences.get(id, now).state()).isEqualTo(SilenceState.EXPIRED);
    silences.expire(other, now);
    silences.expire(other, now);
    assertThat(silences.get(other, now).state()).isEqualTo(SilenceState.EXPIRED);
    assertThatThrownBy(() -> silences.expire("none", now))
        .isInstanceOf(UnknownSilenceException.class);
    assertThatThrownBy(() ->
            silences.put(
                new SilenceRequest(
                    "", matchers, now.minusSeconds(9), now.minusSeconds(1), "", "", Map.of()),
                now))
        .isInstanceOf(InvalidRequestException.class);
    silences.maintain(now.plus(RETENTION).plusSeconds(1));
    assertThat(silences.get(other, now)).isNull();
  }

  @Test
  void silenceOfNegativeMatchersOnlyIsTaken() {
    Silences silences = core(null).silences();
    Instant now = timers.now();
    for (String operator : List.of("!=", "!~")) {
      String id =
          silences.put(
              new SilenceRequest(
                  "",
                  List.of(new LabelMatcher("env", operator, "production")),
                  now,
                  now.plusSeconds(60),
                  "me",
                  "c",
                  Map.of()),
              now);
      assertThat(silences.silencing(Labels.of("env", "test"), now)).contains(id);
      assertThat(silences.silencing(Labels.of("env", "production"), now)).doesNotContain(id);
    }
    for (LabelMatcher all :
        List.of(new LabelMatcher("env", "=", ""), new LabelMatcher("env", "=~", ".*"))) {
      assertThatThrownBy(() ->
              silences.put(
                  new SilenceRequest(
                      "", List.of(all), now, now.plusSeconds(60), "me", "c", Map.of()),
                  now))
          .hasMessage(
              "invalid silence: matcher set 0: at least one matcher must not match the empty string");
      LabelMatcher wrong = new LabelMatcher("env", "=~", "(");
      assertThatThrownBy(() ->
              silences.put(
                  new SilenceRequest(
                      "", List.of(all, wrong), now, now.plusSeconds(60), "me", "c", Map.of()),
                  now))
          .hasMessageStartingWith("invalid silence: invalid label matcher 1 in set 0: ");
    }
  }

  @Test
  void annotationWithoutTextIsShownAndNotified() {
    AlertmanagerCore core = core(null);
    List<Notification> sent = new ArrayList<>();
    onSend = sent::add;
    core.post(
        List.of(
            new PostedAlert(
                Map.of("alertname", "A", "none", ""),
                Map.of("empty", "", "summary", "s"),
                null,
                core.now().plusSeconds(7200),
                "")));
    assertThat(core.alerts(AlertQuery.ALL).get(0).annotationTexts())
        .containsExactly(Map.entry("empty", ""), Map.entry("summary", "s"));
    pass(20);
    assertThat(sent).hasSize(1);
    assertThat(sent.get(0).alerts().get(0).alert().annotationTexts()).containsEntry("empty", "");
    assertThat(sent.get(0).commonAnnotationTexts()).containsEntry("empty", "");
    assertThat(sent.get(0).alerts().get(0).alert().labels().toMap())
        .isEqualTo(Map.of("alertname", "A"));
  }

  @Test
  void errorOfAPluginEndsNoDelivery() {
    AlertmanagerCore core = core(null);
    duringSend =
        () -> {
          duringSend = () -> {};
          throw new NoClassDefFoundError("gone");
        };
    fire(core, "A");
    pass(15);
    assertThat(notified).containsExactly("Delivered firing 1");
  }

  @Test
  void deliveryWithoutAVerdictEndsAndComesAgain() {
    AlertmanagerCore core = core(null);
    nextIsNull = true;
    fire(core, "A");
    pass(15);
    assertThat(notified).isEmpty();
    pass(60);
    assertThat(notified).containsExactly("Delivered firing 1");
  }

  @Test
  void waitsForAPluginWithoutTrying() {
    AlertmanagerCore core = core(null);
    waitsFor = "waiting for plugin `fake`";
    fire(core, "A");
    pass(40);
    assertThat(notified).isEmpty();
    waitsFor = "";
    pass(60);
    assertThat(notified).containsExactly("Delivered firing 1");
  }

  @Test
  void stateOfANotifierIsKeptOverRestarts(@TempDir Path folder) {
    AlertmanagerCore before = core(folder);
    List<Notification> sent = new ArrayList<>();
    onSend = sent::add;
    answers.add(SendResult.delivered(Map.of("threadTs", "1.2", "channelId", "C")));
    fire(before, "A");
    pass(20);
    assertThat(sent).hasSize(1);
    assertThat(sent.get(0).state()).isEmpty();
    before.close();
    AlertmanagerCore after = core(folder);
    after.post(
        List.of(
            new PostedAlert(
                Map.of("alertname", "A", "more", "x"),
                Map.of(),
                null,
                timers.now().plusSeconds(7200),
                "")));
    answers.add(SendResult.delivered(Map.of("big", "x".repeat(5000))));
    pass(20);
    assertThat(sent).hasSize(2);
    assertThat(sent.get(1).state()).isEqualTo(Map.of("threadTs", "1.2", "channelId", "C"));
    fire(after, "A");
    pass(120);
    assertThat(sent).hasSize(3);
    assertThat(sent.get(2).state()).as("too much is not kept").isEmpty();
  }

  @Test
  void entryThatCannotBeUsedIsLeftOutAndCounted(@TempDir Path folder) throws IOException {
    String times = "\"startsAtMs\":0,\"endsAtMs\":4102444800000,\"updatedAtMs\":0}\n";
    Files.write(
        folder.resolve("silences.jsonl"),
        ("{\"id\":\"1\",\"matchers\":[{\"name\":\"a\",\"operator\":\"=~\",\"value\":\"(\"}],"
                + times
                + "{\"id\":\"2\",\"matchers\":[{\"name\":\"a\",\"operator\":\"=\",\"value\":\"b\"}],"
                + times
                + "\u00ff\u00fe\n")
            .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
    Files.writeString(
        folder.resolve("notifications.jsonl"),
        "{\"groupKey\":\"x\",\"firing\":[\"no number\"],\"expiresMs\":4102444800000}\n");
    AlertmanagerCore core = core(folder);
    assertThat(core.silences().get("1", timers.now())).isNull();
    assertThat(core.silences().get("2", timers.now())).isNotNull();
    assertThat(core.silences().unreadable()).isEqualTo(2);
    NotificationLog log = new NotificationLog(folder.resolve("notifications.jsonl"), timers.now());
    assertThat(log.unreadable()).isEqualTo(1);
  }

  private static StoredAlert stored(String name, int i) {
    return new StoredAlert(
        Labels.of("alertname", name, "i", Integer.toString(i)),
        Map.of(),
        START,
        START.plusSeconds(1L << 32),
        START,
        "",
        false);
  }

  @Test
  void alertsThatNeverEndAreBounded() {
    AlertStore names = new AlertStore(2, Long.MAX_VALUE);
    names.put(stored("A", 1), START);
    names.put(stored("A", 2), START);
    names.put(stored("A", 2), START);
    names.put(stored("B", 1), START);
    assertThatThrownBy(() -> names.put(stored("A", 3), START))
        .isInstanceOf(AlertStore.LimitException.class)
        .hasMessageContaining("--alerts.per-alertname-limit");
    AlertStore bytes = new AlertStore(0, 10_000);
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 100; i++) {
                bytes.put(stored("A", i), START);
              }
            })
        .hasMessageContaining("--alerts.max-bytes");
    assertThat(bytes.all().size()).isBetween(5, 20);
    assertThat(bytes.put(stored("A", 1), START)).as("a known one is renewed").isNotNull();
    bytes.collectGarbage(START.plusSeconds(1L << 33));
    assertThat(bytes.put(stored("A", 99), START)).isNotNull();
  }

  @Test
  void silencesAreBounded() {
    Silences silences = core(null).silences();
    silences.limits(new Silences.Limits(1, 2000, Long.MAX_VALUE));
    Instant now = timers.now();
    List<LabelMatcher> matchers = List.of(new LabelMatcher("a", "=", "b"));
    SilenceRequest one =
        new SilenceRequest("", matchers, now, now.plusSeconds(60), "me", "c", Map.of());
    String id = silences.put(one, now);
    assertThatThrownBy(() -> silences.put(one, now))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("exceeded maximum number of silences");
    SilenceRequest large =
        new SilenceRequest(
            id, matchers, now, now.plusSeconds(90), "me", "c".repeat(3000), Map.of());
    assertThatThrownBy(() -> silences.put(large, now))
        .hasMessageContaining("silence exceeded maximum size");
    assertThat(silences.limitHits()).isEqualTo(2);
    assertThat(silences.get(id, now).state()).isEqualTo(SilenceState.ACTIVE);
    SilenceRequest empty = new SilenceRequest("", matchers, now, now, "me", "c", Map.of());
    assertThatThrownBy(() -> silences.put(empty, now))
        .hasMessageContaining("start time must be before end time");
  }

  @Test
  void twoVersionsOfTheBundleShareTheState(@TempDir Path folder) {
    AlertmanagerCore old = core(folder);
    AlertmanagerCore next = core(folder);
    fire(old, "A");
    pass(20);
    assertThat(notified).hasSize(1);
    fire(next, "A");
    pass(20);
    assertThat(notified).as("the new version knows what the previous one sent").hasSize(1);
    Instant now = timers.now();
    String id =
        old.silences()
            .put(
                new SilenceRequest(
                    "",
                    List.of(new LabelMatcher("a", "=", "b")),
                    now,
                    now.plusSeconds(60),
                    "",
                    "",
                    Map.of()),
                now);
    assertThat(next.silences().get(id, now)).isNotNull();
  }
}
