package io.narthex.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the pages ask for is there. */
class PagesApiTest {
  private static final Pattern ASKED = Pattern.compile("useApi(?:<.*>)?\\('([^']+)'", 0);
  private static final Pattern SERVED = Pattern.compile("@Path\\(\"([^\"]+)\"\\)", 0);

  @Test
  void everyPathThatAPageAsksForIsServed() throws IOException {
    Set<String> asked = find(Path.of("ui/src"), ASKED);
    assertThat(asked).hasSizeGreaterThan(8);
    List<String> served = new ArrayList<>();
    for (String path : find(Path.of("../http/src/main/java"), SERVED)) {
      served.add(path.replaceAll("\\{[^}]*}", "[^/]+"));
    }
    assertThat(asked).allMatch(path -> served.stream().anyMatch(path::matches));
  }

  private static Set<String> find(Path folder, Pattern pattern) throws IOException {
    Set<String> out = new TreeSet<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Matcher m = pattern.matcher(Files.readString(file));
        while (m.find()) {
          out.add(m.group(1));
        }
      }
    }
    return out;
  }
}
