package io.narthex.query;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;

/** Packages of the engine know each other in one direction, and files in small groups only. */
@NullUnmarked
class StructureTest {
  private static final Path SOURCES = Path.of("src/main/java/io/narthex/query");
  private static final Pattern IGNORED =
      Pattern.compile("(?s)/\\*.*?\\*/|//[^\\n]*|\"\"\".*?\"\"\"|\"(\\\\.|[^\"\\\\\\n])*\"");
  private static final Pattern NAME = Pattern.compile("(?<![\\w.])[A-Z]\\w*");
  private static final Pattern IMPORT =
      Pattern.compile("(?m)^import (?:static )?io\\.narthex\\.query\\.([a-z]*)");

  private static final Map<String, String> CODE = new HashMap<>();
  private static final Map<String, String> PACKAGE = new HashMap<>();

  static {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      for (Path p : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        String name = p.getFileName().toString().replace(".java", "");
        if (!name.equals("package-info")) {
          CODE.put(name, IGNORED.matcher(Files.readString(p)).replaceAll(" "));
          PACKAGE.put(name, SOURCES.relativize(p.getParent()).toString());
        }
      }
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @Test
  void atMostThreeFilesKnowEachOtherInACircle() {
    Map<String, Set<String>> known = new HashMap<>();
    CODE.forEach((name, code) -> {
      Set<String> names = found(NAME, 0, code);
      names.retainAll(CODE.keySet());
      known.put(name, names);
    });
    assertThat(CODE).hasSizeGreaterThan(50);
    for (String name : CODE.keySet()) {
      assertThat(circle(name, known)).as("files in one circle").hasSizeLessThanOrEqualTo(3);
    }
  }

  @Test
  void packagesKnowEachOtherInOneDirection() {
    Map<String, Set<String>> known = new HashMap<>();
    CODE.forEach((name, code) ->
        known
            .computeIfAbsent(PACKAGE.get(name), p -> new TreeSet<>())
            .addAll(found(IMPORT, 1, code)));
    known.forEach((name, others) -> others.remove(name));
    assertThat(known).hasSizeGreaterThan(5);
    for (String name : known.keySet()) {
      assertThat(circle(name, known)).as("packages in one circle").containsExactly(name);
    }
  }

  private static Set<String> found(Pattern what, int group, String code) {
    Set<String> out = new TreeSet<>();
    Matcher m = what.matcher(code);
    while (m.find()) {
      out.add(m.group(group));
    }
    return out;
  }

  /** Returns what can be reached from a name and reaches it, the name included. */
  private static Set<String> circle(String name, Map<String, Set<String>> known) {
    Set<String> out = reached(name, known);
    out.removeIf(other -> !reached(other, known).contains(name));
    return out;
  }

  private static Set<String> reached(String from, Map<String, Set<String>> known) {
    Set<String> out = new TreeSet<>(Set.of(from));
    Deque<String> rest = new ArrayDeque<>(out);
    while (!rest.isEmpty()) {
      for (String next : known.getOrDefault(rest.pop(), Set.of())) {
        if (out.add(next)) {
          rest.push(next);
        }
      }
    }
    return out;
  }
}
