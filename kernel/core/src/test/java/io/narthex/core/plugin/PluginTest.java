package io.narthex.core.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.State;
import java.time.Clock;
import org.junit.jupiter.api.Test;

class PluginTest {
  private final Plugin plugin = new Plugin("x", Clock.systemUTC());

  @Test
  void stateOfAFailureFollowsFromItsKindWhateverItsText() {
    plugin.failed(PluginProblem.SETTINGS, "needs package com.example.absent");
    assertThat(plugin.state).isEqualTo(State.FAILED);
    plugin.failed(PluginProblem.NEEDS, "has no library");
    assertThat(plugin.state).isEqualTo(State.NEEDS);
    assertThat(plugin.problem).isEqualTo(PluginProblem.NEEDS);
  }

  @Test
  void problemEndsWithItsState() {
    plugin.failed(PluginProblem.TAKEN, "another has it");
    plugin.enter(State.RUNNING, "");
    assertThat(plugin.problem).isNull();
  }
}
