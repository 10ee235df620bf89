package io.narthex.core.plugin.state;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.narthex.core.plugin.jars.JarInspector.JarInfo;
import io.narthex.core.plugin.jars.Jars;
import io.narthex.service.plugins.PluginProblem;
import io.narthex.service.plugins.PluginService.PluginException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptJarsTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void jarReplacedWhileItWasReadIsSaidToHaveChanged() throws IOException {
    KeptJars jars = new KeptJars(folder.resolve("state"), Clock.systemUTC());
    Path file = Jars.plugin(folder.resolve("x.jar"), "Automatic-Module-Name: x");
    JarInfo read = jars.inspectCopy(file, "x.jar");
    Jars.plugin(file, "Automatic-Module-Name: x", "Implementation-Version: 2");
    assertThatExceptionOfType(PluginException.class)
        .isThrownBy(() -> jars.copy(file, read, true))
        .matches(e -> e.problem() == PluginProblem.CHANGED);
  }
}
