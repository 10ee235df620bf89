package io.narthex.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code plugin new} on a small archetype; AuthorKitIT has the real ones. */
class PluginProjectTest {
  private static final String DESCRIPTOR =
      """
      <archetype-descriptor name="x">
        <requiredProperties>
          <requiredProperty key="type"/>
          <requiredProperty key="className"/>
        </requiredProperties>
        <fileSets>
          <fileSet filtered="true" packaged="true"><directory>src/main/java</directory></fileSet>
          <fileSet><directory>raw</directory></fileSet>
          <fileSet filtered="true">
            <directory></directory><includes><include>README.md</include></includes>
          </fileSet>
        </fileSets>
      </archetype-descriptor>
      """;

  @TempDir private Path folder = Path.of("");
  private Path home = Path.of("");
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @BeforeEach
  void distribution() throws IOException {
    home = folder.resolve("opt/nar & thex");
    Files.createDirectories(home.resolve("lib/plugins"));
    Files.writeString(home.resolve("lib/build.properties"), "version=2.3.4\n");
    Files.createFile(home.resolve("lib/plugins/discovery-file-2.3.4.jar"));
    archetype(DESCRIPTOR);
  }

  private void archetype(String descriptor) throws IOException {
    Path jar =
        home.resolve("maven/io/narthex/archetype-discovery/2.3.4/archetype-discovery-2.3.4.jar");
    Files.createDirectories(jar.getParent());
    try (OutputStream file = Files.newOutputStream(jar);
        ZipOutputStream zip = new ZipOutputStream(file)) {
      for (Map.Entry<String, String> entry :
          Map.of(
                  "META-INF/maven/archetype-metadata.xml", descriptor,
                  "archetype-resources/pom.xml",
                      "${groupId}:${artifactId}:${version} ${narthexVersion} ${narthexRepository}",
                  "archetype-resources/README.md", "${type} ${project.version} ${unknown}",
                  "archetype-resources/other.txt", "in no file set",
                  "archetype-resources/raw/__type__.txt", "${type}",
                  "archetype-resources/src/main/java/__className__X.java", "package ${package};")
              .entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
  }

  private int run(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    if (all.stream().noneMatch(a -> a.startsWith("--dir="))) {
      all.add("--dir=" + folder.resolve("made"));
    }
    return PluginProject.run(all, home, print(out), print(err));
  }

  private static PrintStream print(ByteArrayOutputStream to) {
    return new PrintStream(to, true, StandardCharsets.UTF_8);
  }

  private String complaint() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void fillsTheArchetypeIn() throws IOException {
    assertThat(run("discovery", "my_inventory", "--package=org.corp.inventory")).isZero();
    Path made = folder.resolve("made");
    assertThat(made.resolve("pom.xml"))
        .hasContent(
            "org.corp.inventory:my-inventory-discovery:1.0.0 2.3.4 "
                + home.resolve("maven")
                    .toUri()
                    .toString()
                    .replaceFirst("/$", "")
                    .replace("&", "&amp;"));
    assertThat(made.resolve("README.md")).hasContent("my_inventory ${project.version} ${unknown}");
    assertThat(made.resolve("raw/my_inventory.txt")).hasContent("${type}");
    assertThat(made.resolve("src/main/java/org/corp/inventory/MyInventoryX.java"))
        .hasContent("package org.corp.inventory;");
    try (Stream<Path> files = Files.walk(made)) {
      assertThat(files.filter(Files::isRegularFile)).hasSize(4);
    }
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("mvn package", "plugin install target/my-inventory-discovery-1.0.0.jar");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          widget    | acme | --x=y                     | unknown option --x=y
          widget    | acme | --package=a               | unknown kind "widget"; one of: discovery
          discovery | Acme | --package=a               | NAME must begin with a lower-case letter
          discovery | a-b  | --package=a               | got "a-b"
          discovery | new  | --dir=never               | "com.example.new.discovery" cannot be a package
          discovery | acme | --package=a..b            | "a..b" cannot be a package
          discovery | acme | --package=io.narthex.acme | belongs to the server
          """)
  void refusesWrongUse(String kind, String name, String option, String complaint) {
    assertThat(run(kind, name, option)).isEqualTo(2);
    assertThat(complaint()).startsWith("narthex plugin new: ").contains(complaint);
    assertThat(folder.resolve("made")).doesNotExist();
  }

  @Test
  void tellsItsUseWhenWordsAreMissing() {
    assertThat(run("discovery")).isEqualTo(2);
    assertThat(complaint()).startsWith("usage: narthex plugin new");
  }

  @Test
  void leavesAFolderWithContentAlone() throws IOException {
    Path mine = Files.createDirectories(folder.resolve("mine"));
    Files.writeString(mine.resolve("README.md"), "mine");
    assertThat(run("discovery", "acme", "--dir=" + mine)).isEqualTo(1);
    assertThat(complaint()).contains(mine + " exists already", "--dir=");
    assertThat(mine.resolve("README.md")).hasContent("mine");

    Files.delete(mine.resolve("README.md"));
    assertThat(run("discovery", "acme", "--dir=" + mine)).isZero();
  }

  @Test
  void refusesTheTypeOfAShippedPlugin() {
    assertThat(run("discovery", "file")).isEqualTo(1);
    assertThat(complaint()).contains("has a discovery of type \"file\" already");
  }

  @Test
  void saysWhatIsMissing() throws IOException {
    assertThat(run("notifier", "acme")).isEqualTo(1);
    assertThat(complaint()).contains("archetype-notifier-2.3.4.jar is missing");
    archetype(DESCRIPTOR.replace("key=\"type\"", "key=\"colour\""));
    assertThat(run("discovery", "acme")).isEqualTo(1);
    assertThat(complaint()).contains("asks for \"colour\"");
    Files.delete(home.resolve("lib/build.properties"));
    assertThat(run("discovery", "acme")).isEqualTo(1);
    assertThat(complaint()).contains("is not a distribution");
  }
}
