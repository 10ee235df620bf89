package io.narthex.core.updates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.plugin.PluginStage;
import io.narthex.core.plugin.jars.Jars;
import io.narthex.core.updates.KernelHealth.Condition;
import io.narthex.service.plugins.PluginService.PluginException;
import io.narthex.service.query.QueryEngine;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.service.component.runtime.dto.ReferenceDTO;
import org.osgi.service.component.runtime.dto.UnsatisfiedReferenceDTO;

class KernelHealthTest {
  @TempDir Path folder;

  /** Tries a bundle whose query engine answers like this. */
  private void tryEngine(Callable<Object> answer) throws IOException, BundleException {
    try (PluginStage stage = new PluginStage(folder)) {
      BundleContext framework = stage.framework();
      Bundle bundle =
          framework.installBundle(
              "engine",
              new ByteArrayInputStream(
                  Jars.bytes(
                      Map.of(
                          "META-INF/MANIFEST.MF",
                          "Manifest-Version: 1.0\n"
                              + "Bundle-ManifestVersion: 2\n"
                              + "Bundle-SymbolicName: engine\n"))));
      bundle.start();
      bundle
          .getBundleContext()
          .registerService(
              QueryEngine.class,
              (QueryEngine)
                  Proxy.newProxyInstance(
                      QueryEngine.class.getClassLoader(),
                      new Class<?>[] {QueryEngine.class},
                      (proxy, method, arguments) ->
                          method.getName().equals("instant")
                              ? answer.call()
                              : method.getName().equals("hashCode") ? (Object) 1 : null),
              null);
      new KernelHealth(framework, Duration.ofMillis(800)).verify(bundle, Set.of(), Set.of());
    }
  }

  @Test
  @Timeout(60)
  void trialThatHangsEndsInTime() {
    assertThatThrownBy(() ->
            tryEngine(() -> {
              new CountDownLatch(1).await();
              return "";
            }))
        .isInstanceOf(PluginException.class)
        .hasMessageStartingWith(
            "self-test failed: the trial of engine did not come back within 0.8 s");
  }

  /** Returns the condition of a bundle with one component, or without any. */
  private Condition condition(@Nullable ComponentConfigurationDTO component)
      throws IOException, BundleException {
    try (PluginStage stage = new PluginStage(folder)) {
      ComponentDescriptionDTO description = new ComponentDescriptionDTO();
      description.name = "io.narthex.part.Part";
      ReferenceDTO reference = new ReferenceDTO();
      reference.name = "engine";
      reference.interfaceName = "io.narthex.Engine";
      description.references = new ReferenceDTO[] {reference};
      stage
          .framework()
          .registerService(
              ServiceComponentRuntime.class,
              (ServiceComponentRuntime)
                  Proxy.newProxyInstance(
                      ServiceComponentRuntime.class.getClassLoader(),
                      new Class<?>[] {ServiceComponentRuntime.class},
                      (proxy, method, arguments) ->
                          switch (method.getName()) {
                            case "getComponentDescriptionDTOs" ->
                                component == null ? List.of() : List.of(description);
                            case "getComponentConfigurationDTOs" ->
                                component == null ? List.of() : List.of(component);
                            default -> method.getName().equals("hashCode") ? (Object) 1 : null;
                          }),
              null);
      Bundle bundle =
          stage
              .framework()
              .installBundle(
                  "part",
                  new ByteArrayInputStream(
                      Jars.bytes(
                          Map.of(
                              "META-INF/MANIFEST.MF",
                              "Manifest-Version: 1.0\n"
                                  + "Bundle-ManifestVersion: 2\n"
                                  + "Bundle-SymbolicName: io.narthex.part\n"))));
      bundle.start();
      return new KernelHealth(stage.framework()).condition(bundle);
    }
  }

  @Test
  void bundleWhoseComponentWaitsIsNotBroken() throws IOException, BundleException {
    ComponentConfigurationDTO waiting = new ComponentConfigurationDTO();
    waiting.state = ComponentConfigurationDTO.UNSATISFIED_REFERENCE;
    UnsatisfiedReferenceDTO unsatisfied = new UnsatisfiedReferenceDTO();
    unsatisfied.name = "engine";
    waiting.unsatisfiedReferences = new UnsatisfiedReferenceDTO[] {unsatisfied};
    assertThat(condition(waiting))
        .isEqualTo(new Condition(Condition.Kind.WAITS, "Part waits for Engine"));
  }

  @Test
  void failedComponentIsBrokenWhateverItsErrorSays() throws IOException, BundleException {
    ComponentConfigurationDTO failed = new ComponentConfigurationDTO();
    failed.state = ComponentConfigurationDTO.FAILED_ACTIVATION;
    failed.failure = "java.lang.Error: one waits for another";
    assertThat(condition(failed).kind()).isEqualTo(Condition.Kind.BROKEN);
  }

  @Test
  void bundleWithoutComponentsThatIsActiveIsWell() throws IOException, BundleException {
    assertThat(condition(null)).isEqualTo(Condition.ALL_WELL);
  }

  @Test
  void errorOfANewVersionIsItsFault() {
    assertThatThrownBy(() ->
            tryEngine(() -> {
              throw new AssertionError("wrong");
            }))
        .isInstanceOf(PluginException.class)
        .hasMessage("self-test failed: java.lang.AssertionError: wrong");
  }
}
