package io.narthex.http;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table of endpoints in the README, and what other pages say, are what the server answers. */
class EndpointsTest {
  /** Named in pages because they do not exist yet. */
  private static final Set<String> ABSENT = Set.of("/api/v1/read", "/api/v1/otlp");

  private static final Pattern MENTION =
      Pattern.compile("(?<![\\w/.:-])/(?:api/v[12]|-|narthex/api/v1)/[A-Za-z_/{}*:-]*[A-Za-z_}*]");

  /** Returns the lines of the table as they have to be: path, methods, class. */
  private static List<String> answered() throws Exception {
    Map<String, Set<String>> methods = new TreeMap<>();
    Map<String, String> classes = new TreeMap<>();
    try (Stream<java.nio.file.Path> files =
        Files.list(java.nio.file.Path.of("target/classes/io/narthex/http"))) {
      for (java.nio.file.Path file : (Iterable<java.nio.file.Path>) files.sorted()::iterator) {
        String name = file.getFileName().toString();
        if (name.endsWith("Api.class")) {
          add(Class.forName("io.narthex.http." + name.replace(".class", "")), methods, classes);
        }
      }
    }
    AlertmanagerApi.METHODS.forEach((name, allowed) -> {
      String path = "/api/v2/" + (name.equals("silence") ? "silence/{id}" : name);
      methods.put(path, new TreeSet<>(allowed));
      classes.put(path, "AlertmanagerApi");
    });
    for (String path : List.of(QueryFilter.INSTANT, QueryFilter.RANGE)) {
      methods.put(path, Set.of("GET", "POST"));
      classes.put(path, "QueryFilter");
    }
    for (String path : List.of(LiveFilter.EVENTS, LiveFilter.NOTIFICATIONS)) {
      methods.put(path, Set.of("GET"));
      classes.put(path, "LiveFilter");
    }
    methods.put(WriteFilter.PATH, Set.of("POST"));
    classes.put(WriteFilter.PATH, "WriteFilter");
    List<String> lines = new ArrayList<>();
    methods.forEach((path, m) ->
        lines.add(
            "| `"
                + path
                + "` | "
                + String.join(" ", new TreeSet<>(m))
                + " | `"
                + classes.get(path)
                + "` |"));
    return lines;
  }

  private static void add(
      Class<?> type, Map<String, Set<String>> methods, Map<String, String> classes) {
    Path root = type.getAnnotation(Path.class);
    if (root == null || type == AlertmanagerApi.class) {
      return;
    }
    for (Method m : type.getDeclaredMethods()) {
      for (Annotation a : m.getAnnotations()) {
        HttpMethod method = a.annotationType().getAnnotation(HttpMethod.class);
        if (method != null) {
          Path own = m.getAnnotation(Path.class);
          String path = root.value() + (own == null ? "" : "/" + own.value());
          methods.computeIfAbsent(path, _ -> new TreeSet<>()).add(method.value());
          classes.put(path, type.getSimpleName());
        }
      }
    }
  }

  @Test
  void theReadmeListsWhatIsAnswered() throws Exception {
    List<String> listed =
        Files.readAllLines(java.nio.file.Path.of("README.md")).stream()
            .filter(l -> l.startsWith("| `/"))
            .toList();
    assertThat(listed).isEqualTo(answered());
  }

  @Test
  void noPageNamesAnEndpointThatIsNotThere() throws Exception {
    List<String> paths =
        answered().stream().map(l -> l.replaceFirst("^\\| `([^`]*)`.*", "$1")).toList();
    java.nio.file.Path root = java.nio.file.Path.of("").toAbsolutePath();
    while (!Files.isDirectory(root.resolve("promql-grammar"))) {
      root = Objects.requireNonNull(root.getParent());
    }
    List<String> wrong = new ArrayList<>();
    int mentions = 0;
    for (java.nio.file.Path page : pages(root)) {
      Matcher m = MENTION.matcher(Files.readString(page));
      while (m.find()) {
        mentions++;
        if (!isThere(m.group(), paths)) {
          wrong.add(root.relativize(page) + ": " + m.group());
        }
      }
    }
    assertThat(mentions).isGreaterThan(50);
    assertThat(wrong).isEmpty();
  }

  private static List<java.nio.file.Path> pages(java.nio.file.Path root) throws IOException {
    List<java.nio.file.Path> found = new ArrayList<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(
              java.nio.file.Path folder, BasicFileAttributes attributes) {
            String name = String.valueOf(folder.getFileName());
            return name.equals("target")
                    || name.equals("node_modules")
                    || (name.startsWith(".") && !folder.equals(root))
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(
              java.nio.file.Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".md")) {
              found.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return found;
  }

  /** Returns whether a path is answered, also without its parameter; {@code /*}: or paths below. */
  private static boolean isThere(String mention, List<String> paths) {
    String plain = mention.replaceFirst("/\\*+$", "");
    if (ABSENT.contains(plain)) {
      return true;
    }
    String[] parts = plain.split("/");
    return paths.stream()
        .anyMatch(path -> {
          String[] known = path.split("/");
          boolean whole =
              known.length == parts.length
                  || (known.length == parts.length + 1 && known[parts.length].startsWith("{"));
          if (known.length < parts.length || (!whole && plain.equals(mention))) {
            return false;
          }
          for (int i = 0; i < parts.length; i++) {
            if (!known[i].startsWith("{") && !known[i].equals(parts[i])) {
              return false;
            }
          }
          return true;
        });
  }
}
