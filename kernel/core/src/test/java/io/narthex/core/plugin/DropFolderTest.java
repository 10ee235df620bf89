package io.narthex.core.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.narthex.core.plugin.jars.JarFiles;
import io.narthex.core.plugin.jars.Jars;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class DropFolderTest {
  private static final long SECOND = 1_000_000_000L;

  @TempDir Path folder;
  private final List<String> events = new ArrayList<>();
  private DropFolder watcher;
  private long now = 1;

  @BeforeEach
  void create() {
    watcher =
        new DropFolder(
            folder,
            FolderPace.usual(Duration.ofSeconds(10)),
            new DropFolder.Listener() {
              @Override
              public void arrived(Path file) {
                events.add("arrived " + file.getFileName());
              }

              @Override
              public void missing(Path file) {
                events.add("missing " + file.getFileName());
              }

              @Override
              public void gone(Path file) {
                events.add("gone " + file.getFileName());
              }

              @Override
              public void broken(Path file, String reason) {
                events.add("broken " + file.getFileName() + ": " + reason);
              }

              @Override
              public void copying(Path file) {
                events.add("copying " + file.getFileName());
              }
            });
  }

  private void scanFor(long nanos) throws IOException {
    for (long end = now + nanos; now <= end; now += SECOND / 5) {
      watcher.scan(now);
    }
  }

  private void write(Path file, byte[] bytes, long time) throws IOException {
    Files.write(file, bytes);
    Files.setLastModifiedTime(file, FileTime.fromMillis(time));
  }

  @Test
  void completeJarArrivesOnce() throws IOException {
    Jars.write(folder.resolve("a.jar"), Map.of("x", "1"));
    Files.writeString(folder.resolve("notes.txt"), "no jar");
    scanFor(3 * SECOND);
    assertThat(events).containsExactly("arrived a.jar");
  }

  @Test
  void slowCopyArrivesWhenItIsWhole() throws IOException {
    byte[] whole = Jars.bytes(Map.of("x", "1".repeat(5000)));
    Path file = folder.resolve("a.jar");
    int step = whole.length / 7 + 1;
    for (int n = step, i = 0; n < whole.length; n += step, i++) {
      write(file, Arrays.copyOf(whole, n), 1000 + i);
      scanFor(SECOND);
      assertThat(events).allMatch(e -> e.equals("copying a.jar"));
    }
    write(file, whole, 5000);
    scanFor(SECOND);
    assertThat(events.get(events.size() - 1)).isEqualTo("arrived a.jar");
    assertThat(events.stream().filter(e -> e.startsWith("arrived"))).hasSize(1);
  }

  @Test
  void truncatedJarIsReportedOncePerState() throws IOException {
    byte[] whole = Jars.bytes(Map.of("x", "1"));
    Path file = folder.resolve("a.jar");
    write(file, Arrays.copyOf(whole, whole.length / 2), 1000);
    scanFor(20 * SECOND);
    assertThat(events.stream().filter(e -> e.startsWith("broken"))).hasSize(1);
    assertThat(events.get(events.size() - 1))
        .contains("not a complete jar")
        .contains("copy it again");
    events.clear();
    write(file, whole, 2000);
    scanFor(2 * SECOND);
    assertThat(events).containsExactly("copying a.jar", "arrived a.jar");
  }

  @Test
  void replacedAndDeletedJarsAreTold() throws IOException {
    Path file = folder.resolve("a.jar");
    write(file, Jars.bytes(Map.of("x", "1")), 1000);
    scanFor(SECOND);
    write(file, Jars.bytes(Map.of("x", "22")), 2000);
    scanFor(SECOND);
    Files.delete(file);
    scanFor(9 * SECOND);
    assertThat(events)
        .containsExactly("arrived a.jar", "copying a.jar", "arrived a.jar", "missing a.jar");
    scanFor(2 * SECOND);
    assertThat(events.getLast()).isEqualTo("gone a.jar");
  }

  @Test
  void fileThatComesBackInTimeWasNeverGone() throws IOException {
    Path file = folder.resolve("a.jar");
    byte[] jar = Jars.bytes(Map.of("x", "1"));
    write(file, jar, 1000);
    scanFor(SECOND);
    Files.delete(file);
    scanFor(8 * SECOND);
    write(file, jar, 1000);
    scanFor(20 * SECOND);
    assertThat(events).containsExactly("arrived a.jar", "missing a.jar", "arrived a.jar");
    Files.delete(file);
    scanFor(8 * SECOND);
    assertThat(events).endsWith("arrived a.jar", "missing a.jar");
  }

  @Test
  void knownFileDoesNotArriveAgain() throws IOException {
    Path file = folder.resolve("a.jar");
    write(file, Jars.bytes(Map.of("x", "1")), 1000);
    watcher.known(file);
    scanFor(2 * SECOND);
    assertThat(events).isEmpty();
    Files.delete(file);
    scanFor(11 * SECOND);
    assertThat(events).containsExactly("missing a.jar", "gone a.jar");
  }

  @Test
  void folderMayBeAbsentAndComeLater() throws IOException {
    Files.delete(folder);
    scanFor(SECOND);
    Files.createDirectory(folder);
    Jars.write(folder.resolve("a.jar"), Map.of("x", "1"));
    scanFor(SECOND);
    assertThat(events).containsExactly("arrived a.jar");
  }

  @Test
  void misnamedJarsAreMentionedOnceAndHiddenOnesLeftAlone() throws IOException {
    Jars.write(folder.resolve("UPPER.JAR"), Map.of("x", "1"));
    Jars.write(folder.resolve(".hidden.jar"), Map.of("x", "1"));
    Logger logger = (Logger) LoggerFactory.getLogger(DropFolder.class);
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    logger.addAppender(logged);
    logger.setLevel(Level.WARN);
    try {
      scanFor(3 * SECOND);
    } finally {
      logger.setLevel(null);
      logger.detachAppender(logged);
    }
    assertThat(events).isEmpty();
    assertThat(JarFiles.in(folder)).isEmpty();
    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactly(
            "plugins: " + folder.resolve("UPPER.JAR") + " is ignored: the name must end in .jar");
  }

  @Test
  @Timeout(30)
  void namedPipeDoesNotStopTheFolder() throws IOException, InterruptedException {
    Path pipe = folder.resolve("a.jar");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Jars.write(folder.resolve("b.jar"), Map.of("x", "1"));
    Files.createDirectory(folder.resolve("c.jar"));
    Files.createSymbolicLink(folder.resolve("d.jar"), folder.resolve("nowhere.jar"));
    scanFor(3 * SECOND);
    assertThat(events)
        .containsExactlyInAnyOrder(
            "broken a.jar: is not a regular file but a pipe, device or socket; put the jar itself"
                + " here",
            "broken c.jar: is not a regular file but a folder; put the jar itself here",
            "broken d.jar: is a link to a file that does not exist",
            "arrived b.jar");
    assertThat(JarFiles.in(folder)).containsExactly(folder.resolve("b.jar"));
    Files.delete(pipe);
    Jars.write(pipe, Map.of("x", "1"));
    scanFor(3 * SECOND);
    assertThat(events).contains("arrived a.jar");
  }
}
