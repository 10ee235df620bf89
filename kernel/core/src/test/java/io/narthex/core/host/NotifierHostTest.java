package io.narthex.core.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.model.Labels;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.AlertmanagerConfig.Block;
import io.narthex.service.config.AlertmanagerConfig.Receiver;
import io.narthex.service.notify.NotifierService.Integration;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.notifier.TemplateRenderer;
import io.narthex.spi.plugin.PluginContext;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NotifierHostTest {
  private static final Path FOLDER = Path.of(".");
  private final List<String> events = new CopyOnWriteArrayList<>();
  private final ProviderRegistry registry = new ProviderRegistry();
  private final NotifierHost host = new NotifierHost(Fakes.environment(), registry);

  @BeforeEach
  void listen() {
    registry.listen(host);
  }

  @AfterEach
  void close() {
    host.close();
  }

  private interface Body {
    SendResult send(Notification notification) throws InterruptedException;
  }

  private Provider provider(String version, Body body) {
    return new Provider(
        Kind.NOTIFIER,
        "x",
        "p",
        new NotifierProvider<Fakes.Block, NotifierProvider.NoGlobals>() {
          @Override
          public String type() {
            return "x";
          }

          @Override
          public Class<Fakes.Block> configType() {
            return Fakes.Block.class;
          }

          @Override
          public Class<NotifierProvider.NoGlobals> globalConfigType() {
            return NotifierProvider.NoGlobals.class;
          }

          @Override
          public boolean sendResolvedByDefault() {
            return false;
          }

          @Override
          public Notifier open(
              Fakes.Block config, NotifierProvider.NoGlobals globals, PluginContext context) {
            if (config.name().equals("bad")) {
              throw new ConfigException("name is bad");
            }
            events.add("open " + version + " " + config.name());
            return new Notifier() {
              @Override
              public SendResult send(Notification notification) throws InterruptedException {
                return body.send(notification);
              }

              @Override
              public void close() {
                events.add("close " + version + " " + config.name());
              }
            };
          }
        });
  }

  private void publish(String version, Body body) {
    registry.publish("p", List.of(provider(version, body)));
  }

  private void publishDelivering(String version) {
    publish(version, n -> SendResult.delivered());
  }

  private static AlertmanagerConfig config(String... names) {
    List<Block> blocks = new java.util.ArrayList<>();
    for (int i = 0; i < names.length; i++) {
      blocks.add(new Block("x", i, null, Fakes.yaml("name: " + names[i])));
    }
    AlertmanagerConfig none = AlertmanagerConfig.none();
    return new AlertmanagerConfig(
        none.resolveTimeout(),
        none.route(),
        List.of(),
        List.of(new Receiver("team", Map.of(), blocks)),
        List.of(),
        List.of(),
        none.globals());
  }

  private static Notification notification() {
    TemplateRenderer renderer =
        (TemplateRenderer)
            Proxy.newProxyInstance(
                TemplateRenderer.class.getClassLoader(),
                new Class<?>[] {TemplateRenderer.class},
                (p, m, a) -> {
                  throw new UnsupportedOperationException(m.getName());
                });
    return new Notification(
        "team", "{}", "1", "", Labels.EMPTY, Labels.EMPTY, List.of(), 0, "http://x", renderer);
  }

  private SendResult send() throws InterruptedException {
    return host.send(new Integration("team", "x", 0, true), notification());
  }

  private static @Nullable String reason(SendResult result) {
    return switch (result) {
      case SendResult.Delivered _ -> null;
      case SendResult.RetryLater later -> later.reason();
      case SendResult.Rejected rejected -> rejected.reason();
    };
  }

  /** A provider that uses what may be declared beyond the block. */
  private record Declaring(boolean mayBeEmpty, String templates, Body body)
      implements NotifierProvider<Fakes.Block, NotifierProvider.NoGlobals> {
    @Override
    public String type() {
      return "x";
    }

    @Override
    public Class<Fakes.Block> configType() {
      return Fakes.Block.class;
    }

    @Override
    public Class<NotifierProvider.NoGlobals> globalConfigType() {
      return NotifierProvider.NoGlobals.class;
    }

    @Override
    public boolean sendResolvedByDefault() {
      return true;
    }

    @Override
    public Notifier open(
        Fakes.Block config, NotifierProvider.NoGlobals globals, PluginContext context) {
      return new Notifier() {
        @Override
        public SendResult send(Notification notification) throws InterruptedException {
          return body.send(notification);
        }

        @Override
        public void close() {}
      };
    }
  }

  private void publish(Declaring provider) {
    registry.publish("p", List.of(new Provider(Kind.NOTIFIER, "x", "p", provider)));
  }

  @Test
  void emptyBlockIsTakenWhenItsPluginSaysSo() {
    Block empty = new Block("x", 0, null, Fakes.yaml("~"));
    AlertmanagerConfig none = AlertmanagerConfig.none();
    AlertmanagerConfig config =
        new AlertmanagerConfig(
            none.resolveTimeout(),
            none.route(),
            List.of(),
            List.of(new Receiver("team", Map.of(), List.of(empty))),
            List.of(),
            List.of(),
            none.globals());
    host.check(config, FOLDER); // waits for its plugin
    publish(new Declaring(false, "", n -> SendResult.delivered()));
    assertThatThrownBy(() -> host.check(config, FOLDER))
        .isInstanceOf(ConfigException.class)
        .hasMessageEndingWith("missing x config");
    publish(new Declaring(true, "", n -> SendResult.delivered()));
    host.check(config, FOLDER);
  }

  @Test
  void templatesOfAProviderReachItsNotifications() throws Exception {
    List<String> definitions = new CopyOnWriteArrayList<>();
    TemplateRenderer extended = renderer(definitions);
    TemplateRenderer plain = renderer(definitions, extended);
    host.configure(config("one"), FOLDER);
    String text = "{{ define \"x.default.title\" }}t{{ end }}";
    publish(
        new Declaring(
            false,
            text,
            n -> {
              assertThat(n.templates()).isSameAs(extended);
              return SendResult.delivered();
            }));
    Notification notification = notification().withTemplates(plain);
    assertThat(host.send(new Integration("team", "x", 0, true), notification))
        .isEqualTo(SendResult.delivered());
    assertThat(definitions).containsExactly(text);
  }

  /** Returns a renderer that notes definitions and then is the next one. */
  private static TemplateRenderer renderer(List<String> definitions, TemplateRenderer... next) {
    return (TemplateRenderer)
        Proxy.newProxyInstance(
            TemplateRenderer.class.getClassLoader(),
            new Class<?>[] {TemplateRenderer.class},
            (p, m, a) -> {
              if (!m.getName().equals("withDefinitions")) {
                return m.getName().equals("equals") ? (Object) (p == a[0]) : m.getName();
              }
              definitions.add((String) a[0]);
              return next[0];
            });
  }

  @Test
  void absentPluginMeansRetry() throws Exception {
    host.configure(config("one"), FOLDER);
    SendResult result = send();
    assertThat(result).isInstanceOf(SendResult.RetryLater.class);
    assertThat(reason(result)).isEqualTo("waiting for plugin `x`");
    publishDelivering("v1");
    assertThat(send()).isEqualTo(SendResult.delivered());
    registry.withdraw("p");
    assertThat(send()).isInstanceOf(SendResult.RetryLater.class);
    assertThat(events).containsExactly("open v1 one", "close v1 one");
  }

  @Test
  void sendsFinishOnTheFormerVersionDuringASwapAndNoneIsLost() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    host.configure(config("one"), FOLDER);
    publish(
        "v1",
        n -> {
          if (inside.getCount() == 0) {
            return SendResult.retryLater("the previous"); // a send from before the switch
          }
          inside.countDown();
          go.await();
          events.add("sent v1");
          return SendResult.delivered();
        });
    FutureTask<SendResult> slow = new FutureTask<>(this::send);
    Thread.ofVirtual().start(slow);
    inside.await();
    Thread swap =
        Thread.ofPlatform()
            .start(() ->
                publish(
                    "v2",
                    n -> {
                      events.add("sent v2");
                      return SendResult.delivered();
                    }));
    Fakes.eventually(() -> events.contains("open v2 one"));
    Fakes.eventually(() -> {
      try {
        return events.contains("sent v2") || send().equals(SendResult.delivered());
      } catch (InterruptedException e) {
        return false;
      }
    });
    assertThat(events).doesNotContain("close v1 one");
    go.countDown();
    assertThat(slow.get(10, TimeUnit.SECONDS)).isEqualTo(SendResult.delivered());
    swap.join();
    assertThat(events)
        .containsExactly("open v1 one", "open v2 one", "sent v2", "sent v1", "close v1 one");
  }

  @Test
  void exceptionAndMissingResultMeanRetry() throws Exception {
    host.configure(config("one"), FOLDER);
    publish(
        "v1",
        n -> {
          throw new IllegalStateException("broken");
        });
    assertThat(reason(send())).contains("notifier `x` failed: ").contains("broken");
    publish("v2", n -> nothing());
    assertThat(reason(send())).isEqualTo("notifier `x` gave no result");
  }

  @SuppressWarnings("NullAway") // what a careless plugin does
  private static SendResult nothing() {
    return null;
  }

  @Test
  void reloadKeepsUnchangedNotifiersAndDrainsTheOthers() throws Exception {
    publishDelivering("v1");
    host.configure(config("one", "two"), FOLDER);
    host.configure(config("one", "three"), FOLDER);
    Fakes.eventually(() -> events.contains("close v1 two"));
    assertThat(events)
        .containsExactly("open v1 one", "open v1 two", "open v1 three", "close v1 two");
    assertThat(send()).isEqualTo(SendResult.delivered());
    assertThat(reason(host.send(new Integration("gone", "x", 0, true), notification())))
        .isEqualTo("receiver \"gone\" has no x[0] any more");
  }

  @Test
  void checkRefusesABlockAndChangesNothing() {
    publishDelivering("v1");
    assertThatThrownBy(() -> host.check(config("bad"), FOLDER))
        .hasMessage("test.yml:1:1: name is bad");
    host.check(config("good"), FOLDER);
    assertThat(events).containsExactly("open v1 good", "close v1 good");
    assertThat(host.integrations("team")).isEmpty();
  }

  @Test
  void sendResolvedComesFromTheBlockOrThePlugin() {
    host.configure(config("one"), FOLDER);
    assertThat(host.integrations("team").get(0).sendResolved()).isTrue();
    publishDelivering("v1");
    assertThat(host.integrations("team").get(0).sendResolved()).isFalse();
  }

  @Test
  void notifierThatFailsAgainAndAgainIsLeftAloneAndItsNotificationsAreKept() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    host.configure(config("one"), FOLDER);
    publish(
        "v1",
        n -> {
          asked.incrementAndGet();
          throw new NoSuchMethodError("broken");
        });
    for (int i = 0; i < 5; i++) {
      assertThat(reason(send())).contains("notifier `x` failed: ");
    }
    SendResult refused = send();
    assertThat(reason(refused)).contains("failed 5 times in a row").contains("next try in");
    assertThat(((SendResult.RetryLater) refused).after()).isPositive();
    assertThat(asked).hasValue(5);
    assertThat(host.instances("x").values())
        .singleElement()
        .satisfies(p -> {
          assertThat(p.text()).contains("failed 5 times in a row");
          assertThat(p.kind()).isEqualTo(PluginProblem.CRASHED);
        });
    publishDelivering("v2");
    assertThat(send()).isEqualTo(SendResult.delivered());
    assertThat(host.instances("x").values()).containsExactly(InstanceProblem.NONE);
  }

  @Test
  void sendsOfOneNotifierAreBounded() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    AtomicInteger inside = new AtomicInteger();
    host.configure(config("one"), FOLDER);
    publish(
        "v1",
        n -> {
          inside.incrementAndGet();
          go.await();
          return SendResult.delivered();
        });
    List<FutureTask<SendResult>> sends = new java.util.ArrayList<>();
    for (int i = 0; i < 256; i++) {
      FutureTask<SendResult> task = new FutureTask<>(this::send);
      Thread.ofVirtual().start(task);
      sends.add(task);
    }
    Fakes.eventually(() -> inside.get() == 256);
    assertThat(reason(send())).contains("has 256 notifications in flight already");
    go.countDown();
    for (FutureTask<SendResult> task : sends) {
      assertThat(task.get(10, TimeUnit.SECONDS)).isEqualTo(SendResult.delivered());
    }
    assertThat(send()).isEqualTo(SendResult.delivered());
  }

  @Test
  void sendThatTakesLongIsShownBeforeItsTimeIsOver() throws Exception {
    NotifierHost patient =
        new NotifierHost(
            Fakes.environment(Map.of(Operation.SEND, Duration.ofSeconds(6))), registry);
    CountDownLatch go = new CountDownLatch(1);
    try {
      registry.listen(patient);
      publish(
          "v1",
          n -> {
            go.await();
            return SendResult.delivered();
          });
      patient.configure(config("one"), FOLDER);
      FutureTask<SendResult> sending =
          new FutureTask<>(
              () -> patient.send(new Integration("team", "x", 0, true), notification()));
      Thread.ofVirtual().start(sending);
      Fakes.eventually(() ->
          patient
              .instances("x")
              .toString()
              .matches(
                  ".*a notification has been on its way for \\d+ s; it is interrupted after 6\\.0 s.*"));
      go.countDown();
      assertThat(sending.get()).isInstanceOf(SendResult.Delivered.class);
      assertThat(patient.instances("x").values()).containsExactly(InstanceProblem.NONE);
    } finally {
      go.countDown();
      patient.close();
    }
  }
}
