package io.narthex.core.plugin;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.service.plugins.PluginService.PluginException;
import io.narthex.service.query.QueryEngine;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;

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
      new KernelHealth(framework, Duration.ofMillis(300)).verify(bundle, Set.of(), Set.of());
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
            "self-test failed: the trial of engine did not come back within 0.3 s");
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
