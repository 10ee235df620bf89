package io.narthex.discovery.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.TargetGroup;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.discovery.DiscoveryKit;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class FileDiscoveryTest extends DiscoveryKit {
  private static final String YAML =
      """
      - targets: [a:1, 'b:2']
        labels:
          env: test
          version: 1.10
      - targets:
        - c:3
      """;

  private void write(String name, String text) throws IOException {
    Path part = directory.resolve(name + ".part");
    Files.writeString(part, text);
    Files.move(part, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Returns names as the host makes them. */
  private List<String> named(String... names) {
    return Stream.of(names).map(n -> directory.resolve(n).toString()).toList();
  }

  @Override
  protected Discovery open(PluginContext context) {
    try {
      write("a.yml", YAML);
      write("b.json", "[\n\t{\"targets\": [\"d:4\"], \"labels\": {\"path\": \"x\\/y\"}}\n]");
      write("other.txt", "no");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new FileDiscoveryProvider()
        .open(
            new FileConfig(named("*.yml", "b.json", "absent/*.json"), Duration.ofMinutes(5)),
            context);
  }

  private TargetGroup group(String file, int index, Map<String, String> labels, String... targets) {
    String path = directory.resolve(file).toString();
    Map<String, String> all = new java.util.HashMap<>(labels);
    all.put("__meta_filepath", path);
    return new TargetGroup(
        path + ":" + index,
        all,
        java.util.Arrays.stream(targets).map(t -> Map.of("__address__", t)).toList());
  }

  @Override
  protected List<TargetGroup> expected() {
    return List.of(
        group("a.yml", 0, Map.of("env", "test", "version", "1.10"), "a:1", "b:2"),
        group("a.yml", 1, Map.of(), "c:3"),
        group("b.json", 0, Map.of("path", "x/y"), "d:4"));
  }

  @Test
  void followsChangesWithinASecond() throws Exception {
    try (Running running = new Running(open(context()))) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 3);
      write("a.yml", "- targets: [z:9]\n");
      write("n.yml", "- targets: [n:1]\n");
      Files.delete(directory.resolve("b.json"));
      running.sink.await(
          "changes",
          PATIENCE,
          () ->
              running.sink.groups().size() == 2
                  && running.sink.groups().contains(group("a.yml", 0, Map.of(), "z:9"))
                  && running.sink.groups().contains(group("n.yml", 0, Map.of(), "n:1")));
    }
  }

  @Test
  void keepsOldTargetsOfABadFile() throws Exception {
    try (Running running = new Running(open(context()))) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 3);
      write("a.yml", "- targets: [z:9\n");
      running.sink.await("failure", PATIENCE, () -> !running.sink.failures().isEmpty());
      assertThat(running.sink.groups()).containsExactlyInAnyOrderElementsOf(expected());
      write("a.yml", "- target: [z:9]\n");
      running.sink.await("failure", PATIENCE, () -> running.sink.failures().size() > 1);
      assertThat(running.sink.failures().getLast())
          .endsWith("a.yml:1:3: field target not found; use targets or labels");
      write("a.yml", "- targets: [z:9]\n");
      running.sink.await("repair", PATIENCE, () -> running.sink.groups().size() == 2);
    }
  }

  @Test
  void refusesOtherPaths() {
    Map<String, String> reasons =
        Map.of(
            "a.txt", ": invalid file extension: \".txt\"; use .json, .yml or .yaml",
            "*/a.yml", "; * may stand in the last part only",
            "a.yml.bak", ": invalid file extension: \".bak\"; use .json, .yml or .yaml");
    reasons.forEach((path, reason) -> {
      assertThatThrownBy(() ->
              new FileDiscoveryProvider()
                  .open(new FileConfig(List.of(path), Duration.ofMinutes(5)), context()))
          .isInstanceOf(ConfigException.class)
          .hasMessage("path name \"" + path + "\" is not valid for file discovery" + reason);
    });
  }

  @Test
  void takesPatternsAsGoDoes() throws Exception {
    for (String name : List.of("a1.json", "b1.json", "{a,c}1.json", "x/c1.json")) {
      Path file = directory.resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, "[{\"targets\": [\"" + name + "\"]}]");
    }
    FileConfig config =
        new FileConfig(named("[^a{]1.json", "{a,c}*.json", "?/c1.json"), Duration.ofMinutes(5));
    try (Running running = new Running(new FileDiscoveryProvider().open(config, context()))) {
      running.sink.await("files", PATIENCE, () -> running.sink.groups().size() == 3);
      assertThat(running.sink.groups())
          .extracting(group -> directory.relativize(Path.of(group.source())).toString())
          .containsExactlyInAnyOrder("b1.json:0", "{a,c}1.json:0", "x/c1.json:0");
    }
  }
}
