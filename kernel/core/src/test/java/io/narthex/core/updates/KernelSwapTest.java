package io.narthex.core.updates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.plugin.PluginStage;
import io.narthex.service.plugins.PluginService.PluginException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;

class KernelSwapTest {
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path folder;

  private Path jar(String version, String activator) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes);
        InputStream lingerer =
            Objects.requireNonNull(Lingerer.class.getResourceAsStream("Lingerer.class"))) {
      zip.putNextEntry(new ZipEntry("META-INF/MANIFEST.MF"));
      zip.write(
          ("Manifest-Version: 1.0\nBundle-ManifestVersion: 2\nBundle-SymbolicName: io.narthex.part\n"
                  + "Bundle-Version: "
                  + version
                  + "\nImport-Package: org.osgi.framework\n"
                  + (activator.isEmpty() ? "" : "Bundle-Activator: " + activator + "\n"))
              .getBytes(StandardCharsets.UTF_8));
      zip.closeEntry();
      zip.putNextEntry(new ZipEntry("io/narthex/core/updates/Lingerer.class"));
      lingerer.transferTo(zip);
      zip.closeEntry();
    }
    return Files.write(folder.resolve("part-" + version + ".jar"), bytes.toByteArray());
  }

  private KernelSwap swap(BundleContext framework, Duration limit, String next)
      throws IOException, BundleException {
    Path jar = jar("1.0.0", Lingerer.class.getName());
    Bundle previous = framework.installBundle(jar.toUri().toString());
    previous.start();
    return KernelSwap.prepare(
        framework,
        new KernelBundles(framework),
        new KernelHealth(framework),
        new KernelSwap.Limits(limit, limit),
        previous,
        jar("2.0.0", next));
  }

  @Test
  @Timeout(60)
  void formerVersionThatIsStuckStoppingIsNotSaidToBeBack() throws IOException, BundleException {
    System.setProperty(Lingerer.STAYS, "true");
    try (PluginStage stage = new PluginStage(folder)) {
      KernelSwap swap = swap(stage.framework(), SHORT, "");
      assertThatThrownBy(swap::perform)
          .isInstanceOf(PluginException.class)
          .hasMessageStartingWith("stopping io.narthex.part did not come back within 0.3 s")
          .hasMessageEndingWith(
              "; the previous version does not work any more either: io.narthex.part is still stopping; restart"
                  + " the server");
      assertThat(swap.isStuck()).isTrue();
      System.clearProperty(Lingerer.STAYS);
    } finally {
      System.clearProperty(Lingerer.STAYS);
    }
  }

  @Test
  @Timeout(60)
  void versionThatDoesNotStartGivesWayToTheFormer() throws IOException, BundleException {
    try (PluginStage stage = new PluginStage(folder)) {
      KernelSwap swap = swap(stage.framework(), LONG, "io.narthex.Absent");
      assertThatThrownBy(swap::perform)
          .isInstanceOf(PluginException.class)
          .hasMessageNotContaining("the previous version");
      assertThat(swap.isStuck()).isFalse();
      assertThat(swap.members().get(0).previous().getState()).isEqualTo(Bundle.ACTIVE);
    }
  }
}
