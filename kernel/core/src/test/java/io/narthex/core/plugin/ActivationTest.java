package io.narthex.core.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.narthex.core.host.PluginCalls;
import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.service.plugins.Blame;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.spi.config.ConfigException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ActivationTest {
  private static PluginProblem reason(Throwable e) {
    return Activation.reason(e);
  }

  private static boolean sleeps() throws InterruptedException {
    new CountDownLatch(1).await();
    return true;
  }

  @Test
  void knowsFaultsOfThePluginsCode() {
    assertThat(reason(new AssertionError("needs package com.example")))
        .isEqualTo(PluginProblem.CRASHED);
    assertThat(
            reason(
                catchThrowable(() ->
                    PluginCalls.within(
                        Duration.ofMillis(1), "x", ActivationTest::sleeps, late -> {}))))
        .isEqualTo(PluginProblem.CRASHED);
    assertThat(PluginProblem.CRASHED.blame()).isEqualTo(Blame.PLUGIN);
  }

  @Test
  void settingsAreNoFaultOfThePluginsCodeWhateverItsWords() {
    assertThat(reason(new ConfigException("failed to start: host is empty")))
        .isEqualTo(PluginProblem.SETTINGS);
    assertThat(PluginProblem.SETTINGS.blame()).isEqualTo(Blame.CONFIGURATION);
  }

  @Test
  void endOfTheServerIsNoFaultOfThePluginsCode() {
    Thread.currentThread().interrupt();
    Throwable cut =
        catchThrowable(() ->
            PluginCalls.within(Duration.ofMinutes(1), "x", ActivationTest::sleeps, late -> {}));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(reason(cut)).isEqualTo(PluginProblem.STOPPING);
    assertThat(PluginProblem.STOPPING.blame()).isEqualTo(Blame.SERVER);
  }

  @Test
  void typeOfAnotherPluginIsTaken() {
    ProviderRegistry registry = new ProviderRegistry();
    registry.publish("y", List.of(new Provider(Kind.DISCOVERY, "a", "y", new Object())));
    assertThat(
            reason(
                catchThrowable(() ->
                    registry.publish(
                        "x", List.of(new Provider(Kind.DISCOVERY, "a", "x", new Object()))))))
        .isEqualTo(PluginProblem.TAKEN);
  }
}
