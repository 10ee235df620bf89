package io.narthex.model.go;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GoGlobTest {
  @TempDir private Path folder;

  @Test
  void matchesAsGoDoes() {
    String[][] matching = {
      {"abc", "abc"},
      {"*", "abc"},
      {"*c", "abc"},
      {"a*", "a"},
      {"a*b?c*x", "abxbbxdbxebxczzx"},
      {"ab[c]", "abc"},
      {"ab[b-d]", "abc"},
      {"ab[^e-g]", "abc"},
      {"a\\*b", "a*b"},
      {"a?b", "a☺b"},
      {"a[^a]b", "a☺b"},
      {"a[^a][^a]b", "a😀x" + "b"},
      {"[\\]a]", "]"},
      {"[\\-x]", "-"},
      {"{a,b}", "{a,b}"},
      {"[!a]", "!"},
      {"**.yml", "x.yml"},
      {"", ""}
    };
    for (String[] m : matching) {
      assertThat(GoGlob.matches(m[0], m[1])).as("%s %s", m[0], m[1]).isTrue();
    }
    String[][] others = {
      {"ab[e-g]", "abc"},
      {"ab[^b-d]", "abc"},
      {"a\\*b", "ab"},
      {"a?", "a"},
      {"*x", "xxxy"},
      {"{a,b}", "a"},
      {"[!a]", "b"},
      {"", "a"},
      {"a", ""}
    };
    for (String[] m : others) {
      assertThat(GoGlob.matches(m[0], m[1])).as("%s %s", m[0], m[1]).isFalse();
    }
  }

  @Test
  void refusesMalformedPatterns() {
    for (String p :
        new String[] {"[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[", "[^", "[^bc", "a[", "a\\"}) {
      assertThatThrownBy(() -> GoGlob.matches(p, "zzz"))
          .as(p)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("syntax error in pattern " + GoString.quote(p));
    }
  }

  @Test
  void takesTimeThatIsAtMostTheProductOfTheLengths() {
    String name = "a".repeat(2000);
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> assertThat(GoGlob.matches("a*".repeat(500) + "b", name)).isFalse());
  }

  @Test
  void findsFilesInOrderWithWildcardsInEveryPart() throws IOException {
    for (String f : new String[] {"b/2.yml", "b/1.yml", "a/3.yml", "a/x.json", "c[1]/4.yml"}) {
      Path file = folder.resolve(f);
      Files.createDirectories(file.getParent());
      Files.writeString(file, "");
    }
    Files.createDirectory(folder.resolve("b/0.yml"));
    assertThat(GoGlob.expand(folder, "*/*.yml"))
        .extracting(p -> folder.relativize(p).toString())
        .containsExactly("a/3.yml", "b/0.yml", "b/1.yml", "b/2.yml", "c[1]/4.yml");
    assertThat(GoGlob.expand(folder.resolve("c[1]"), "[0-9].yml")).hasSize(1);
    assertThat(GoGlob.expand(folder, folder + "/?/x.json"))
        .containsExactly(folder.resolve("a/x.json"));
    assertThat(GoGlob.expand(folder, "a/3.yml")).containsExactly(folder.resolve("a/3.yml"));
    assertThat(GoGlob.expand(folder, "a/none.yml")).isEmpty();
    assertThat(GoGlob.expand(folder, "none/*.yml")).isEmpty();
    assertThat(GoGlob.expand(folder, "a/3.yml/*")).isEmpty();
    assertThatThrownBy(() -> GoGlob.expand(folder, "none/[x"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
