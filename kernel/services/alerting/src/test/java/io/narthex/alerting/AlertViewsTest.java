package io.narthex.alerting;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.config.alertmanager.AlertmanagerConfigLoader;
import io.narthex.config.alertmanager.MatcherSyntax;
import io.narthex.config.yaml.YamlReader;
import io.narthex.model.Exemplar;
import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.NativeHistogram;
import io.narthex.service.alerts.AlertmanagerService.AlertQuery;
import io.narthex.service.alerts.AlertmanagerService.AlertView;
import io.narthex.service.alerts.AlertmanagerService.GroupView;
import io.narthex.service.alerts.AlertmanagerService.PostedAlert;
import io.narthex.service.alerts.AlertmanagerService.ReceiverView;
import io.narthex.spi.exporter.MetricSink;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the lists of alerts and groups say of receivers and routes. */
@NullUnmarked
class AlertViewsTest {
  private final SimulatedTimers timers = new SimulatedTimers(Instant.parse("2026-01-01T00:00:00Z"));
  private AlertmanagerCore core;

  @BeforeEach
  void fire() {
    NotificationLog log = new NotificationLog(null, timers.now());
    Duration retention = Duration.ofHours(1);
    core =
        new AlertmanagerCore(
            timers,
            MatcherSyntax.Mode.FALLBACK,
            new Silences(null, retention, false, timers.now()),
            log,
            new Deliveries(timers, log, null, retention),
            null,
            Duration.ZERO);
    core.apply(
        AlertmanagerConfigLoader.load(
            YamlReader.read(
                "am.yml",
                """
                route:
                  receiver: all
                  group_by: [alertname]
                  routes:
                  - {matchers: [team=a], receiver: x, continue: true, labels: {tier: "1"}}
                  - {matchers: [team=a], receiver: x, continue: true, group_by: [team]}
                  - {matchers: [team=a], receiver: y}
                receivers:
                - {name: all}
                - {name: x, labels: {owner: ann}}
                - {name: y}
                """)));
    core.post(
        List.of(
            new PostedAlert(
                Map.of("alertname", "a", "team", "a"),
                Map.of(),
                null,
                core.now().plusSeconds(600),
                "")));
  }

  private static AlertQuery of(String receiver) {
    return new AlertQuery(List.of(), receiver, List.of(), true, true, true, true);
  }

  @Test
  void metricsTellHowThingsAreWhenTheyAreCollected() {
    assertThat(collected())
        .containsEntry("alertmanager_alerts{state=\"active\"}", 1.0)
        .containsEntry("alertmanager_alerts{state=\"suppressed\"}", 0.0)
        .containsEntry("alertmanager_silences{state=\"active\"}", 0.0)
        .containsEntry("alertmanager_dispatcher_aggregation_groups{}", 3.0);
    timers.advanceTo(core.now().plusSeconds(601));
    assertThat(collected()).containsEntry("alertmanager_alerts{state=\"active\"}", 0.0);
  }

  private Map<String, Double> collected() {
    Map<String, Double> all = new HashMap<>();
    core.collect(
        new MetricSink() {
          @Override
          public void family(MetricMetadata metadata) {}

          @Override
          public void sample(String name, Labels labels, double value) {
            all.put(name + labels, value);
          }

          @Override
          public void sample(
              String name, Labels labels, double value, long timestampMs, Exemplar exemplar) {}

          @Override
          public void histogram(String name, Labels labels, NativeHistogram histogram) {}
        });
    return all;
  }

  @Test
  void aReceiverThatTwoRoutesNameIsListedTwice() {
    assertThat(core.alerts(of("y")))
        .extracting(AlertView::receivers)
        .containsExactly(List.of("x", "x", "y"));
  }

  @Test
  void alertsOfGroupsNameTheReceiversThatPassTheFilter() {
    assertThat(core.groups(of("y")))
        .flatExtracting(GroupView::alerts)
        .extracting(AlertView::receivers)
        .containsExactly(List.of("y"));
  }

  @Test
  void groupsAndReceiversHaveTheLabelsOfTheConfiguration() {
    assertThat(core.groups(of("x")))
        .extracting(GroupView::routeLabels)
        .containsExactlyInAnyOrder(Map.of(), Map.of("tier", "1"));
    assertThat(core.receiverViews(List.of()))
        .extracting(ReceiverView::labels)
        .containsExactly(
            Map.of("name", "all"), Map.of("name", "x", "owner", "ann"), Map.of("name", "y"));
  }
}
