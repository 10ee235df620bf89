package io.narthex.core.settings;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.core.settings.KnownPlugins.Known;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnownPluginsTest {
  @TempDir Path folder;

  private KnownPlugins open() {
    return new KnownPlugins(folder.resolve("known.properties"));
  }

  private static Known functions(String id, String... names) {
    return new Known(id, Set.of("function:" + id.substring(3)), Set.of(), Set.of(names));
  }

  @Test
  void memoryOutlivesTheProcess() {
    Known acme =
        new Known(
            "io.acme", Set.of("notifier:acme", "discovery:acme"), Set.of("acme_key"), Set.of());
    open().remember(acme);
    open().remember(functions("io.math", "acme_ewma", "acme_clamp01"));

    KnownPlugins again = open();
    assertThat(again.of("io.acme")).isEqualTo(acme);
    assertThat(again.ofProvider("notifier:acme")).isEqualTo("io.acme");
    assertThat(again.ofFunction("acme_ewma")).isEqualTo("io.math");
    assertThat(again.ofFunction("rate")).isNull();
  }

  @Test
  void whatAnotherPluginTakesOverIsItsOwn() {
    KnownPlugins known = open();
    known.remember(functions("io.one", "a", "b"));
    known.remember(functions("io.two", "b"));
    assertThat(known.ofFunction("a")).isEqualTo("io.one");
    assertThat(known.ofFunction("b")).isEqualTo("io.two");
    known.remember(new Known("io.three", Set.of("function:one"), Set.of(), Set.of("a")));
    assertThat(known.of("io.one")).as("nothing is left of it").isNull();
  }

  @Test
  void forgottenStaysForgotten() {
    KnownPlugins known = open();
    known.remember(functions("io.one", "a"));
    known.forget("io.one");
    assertThat(open().all()).isEmpty();
  }

  @Test
  void unreadableFileCostsTheMemoryOnly() throws IOException {
    Files.writeString(folder.resolve("known.properties"), "x=\\u12");
    assertThat(open().all()).isEmpty();
  }
}
