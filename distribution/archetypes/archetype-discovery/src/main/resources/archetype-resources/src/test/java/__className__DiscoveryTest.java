package ${package};

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.discovery.DiscoveryKit;
import io.narthex.testkit.swap.PluginSwap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The kit's checks for every discovery, and those of this one. */
class ${className}DiscoveryTest extends DiscoveryKit {
  @BeforeEach
  void twoTargets() throws IOException {
    write("alpha:9100", "beta:9100");
  }

  @Override
  protected Discovery open(PluginContext context) {
    return new ${className}Discovery()
        .open(new ${className}Config("targets.txt", Duration.ofMillis(20)), context);
  }

  @Override
  protected List<TargetGroup> expected() {
    return List.of(group("alpha:9100", "beta:9100"));
  }

  @Test
  void followsTheFile() throws Exception {
    try (Running running = new Running(open(context()))) {
      running.sink.await("first targets", PATIENCE, () -> running.sink.updates() > 0);
      write("gamma:9100");
      running.sink.await(
          "the new target",
          PATIENCE,
          () -> running.sink.groups().equals(List.of(group("gamma:9100"))));
    }
  }

  @Test
  void keepsTheTargetsWhileTheFileIsAway() throws Exception {
    try (Running running = new Running(open(context()))) {
      running.sink.await("first targets", PATIENCE, () -> running.sink.updates() > 0);
      Files.delete(file());
      running.sink.await("a failure", PATIENCE, () -> !running.sink.failures().isEmpty());
      assertThat(running.sink.groups()).isEqualTo(expected());
    }
  }

  @Test
  void losesNoTargetWhenItIsReplaced() {
    PluginSwap.swap(${className}Discovery.class)
        .settings(Map.of("file", file().toString()))
        .losesNoTarget();
  }

  private TargetGroup group(String... addresses) {
    return new TargetGroup(
        file().toString(),
        Map.of("__meta_${type}_file", file().toString()),
        List.of(addresses).stream().map(a -> Map.of(TargetGroup.ADDRESS, a)).toList());
  }

  private Path file() {
    return directory.resolve("targets.txt");
  }

  /** Puts a new file in place in one step, so that no half of it is ever read. */
  private void write(String... lines) throws IOException {
    Path next = directory.resolve("next.txt");
    Files.write(next, List.of(lines));
    Files.move(
        next,
        file(),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
