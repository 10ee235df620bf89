package io.narthex.http.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.http.pages.QueryHistory.Entry;
import io.narthex.http.store.Refused;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QueryHistoryTest {
  private static final Clock CLOCK = Clock.fixed(Instant.ofEpochMilli(7000), ZoneOffset.UTC);

  @TempDir Path dir;
  private QueryHistory history = history(Duration.ofHours(1));

  private QueryHistory history(Duration pause) {
    return new QueryHistory(dir == null ? Path.of("unused") : dir.resolve("h"), CLOCK, pause);
  }

  private void open(Duration pause) {
    history = history(pause);
  }

  @AfterEach
  void close() {
    history.close();
  }

  private List<String> queries(String user) throws Refused {
    return history.list(user, 500).stream().map(Entry::query).toList();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(dir.resolve("h"))) {
      return all.toList();
    }
  }

  @Test
  void queriesAreCountedAndTheNewestComesFirst() throws Exception {
    open(Duration.ofHours(1));
    history.ran("ann", "a");
    history.ran("ann", "b");
    history.ran("ann", "a");
    history.ran("bob", "c");
    assertThat(history.list("ann", 500))
        .containsExactly(new Entry("a", 7000, 2, false), new Entry("b", 7000, 1, false));
    assertThat(history.list("ann", 1)).extracting(Entry::query).containsExactly("a");
    assertThat(queries("bob")).containsExactly("c");
    assertThat(queries("")).isEmpty();
  }

  @Test
  void starsStayAndDoNotCount() throws Exception {
    open(Duration.ofHours(1));
    history.ran("ann", "a");
    history.ran("ann", "b");
    history.star("ann", "a", true);
    history.star("ann", "new", true);
    history.ran("ann", "a");
    assertThat(history.list("ann", 500))
        .containsExactly(
            new Entry("a", 7000, 2, true),
            new Entry("new", 7000, 0, true),
            new Entry("b", 7000, 1, false));
    history.star("ann", "a", false);
    assertThat(history.list("ann", 1).getFirst().starred()).isFalse();
  }

  @Test
  void theEndWritesWhatHasChanged() throws Exception {
    open(Duration.ofHours(1));
    history.ran("ann", "sum(up)");
    history.star("ann", "größe{a=\"😀\"}", true);
    assertThat(dir.resolve("h")).as("not at each change").doesNotExist();
    history.close();
    assertThat(files()).hasSize(1);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(files().getFirst())))
        .isEqualTo("rw-------");
    open(Duration.ofHours(1));
    assertThat(history.list("ann", 500))
        .containsExactly(
            new Entry("größe{a=\"😀\"}", 7000, 0, true), new Entry("sum(up)", 7000, 1, false));
  }

  @Test
  void changesAreWrittenAfterThePause() throws Exception {
    open(Duration.ofMillis(20));
    history.ran("ann", "a");
    long until = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!Files.isDirectory(dir.resolve("h")) || files().stream().noneMatch(this::isWhole)) {
      assertThat(System.nanoTime()).isLessThan(until);
      Thread.sleep(5);
    }
    Path file = files().stream().filter(this::isWhole).findFirst().orElseThrow();
    history.ran("ann", "b"); // begins another pause
    while (!Files.readString(file).contains("\"b\"")) {
      assertThat(System.nanoTime()).isLessThan(until);
      Thread.sleep(5);
    }
  }

  private boolean isWhole(Path file) {
    return file.toString().endsWith(".json");
  }

  @Test
  void queriesAndTheirTextsAreBounded() throws Exception {
    open(Duration.ofHours(1));
    history.star("ann", "starred", true);
    for (int i = 0; i < QueryHistory.MAX_QUERIES + 10; i++) {
      history.ran("ann", "q" + i);
    }
    assertThat(queries("ann")).hasSize(QueryHistory.MAX_QUERIES).contains("starred", "q509");
    assertThat(queries("ann")).doesNotContain("q10").contains("q11");
    String long1 = "x".repeat(QueryHistory.MAX_QUERY_BYTES);
    history.ran("ann", long1);
    assertThatThrownBy(() -> history.ran("ann", long1 + "x"))
        .isInstanceOf(Refused.class)
        .hasMessage("query: has at most 16384 bytes, got 16385");
    assertThatThrownBy(() -> history.ran("ann", "ü".repeat(8193))).hasMessageContaining("16386");
    assertThatThrownBy(() -> history.star("ann", " ", true)).hasMessageContaining("empty");
    for (int i = 0; i < 40; i++) {
      history.ran("ann", i + "x".repeat(16_000));
    }
    int bytes =
        queries("ann").stream().mapToInt(q -> q.getBytes(StandardCharsets.UTF_8).length).sum();
    assertThat(bytes).isBetween(240 << 10, QueryHistory.MAX_USER_BYTES);
    assertThat(queries("ann")).contains("starred");
  }

  @Test
  void oneQueryOrAllCanBeRemoved() throws Exception {
    open(Duration.ofHours(1));
    history.ran("ann", "a");
    history.ran("ann", "b");
    assertThat(history.remove("ann", "a")).isTrue();
    assertThat(history.remove("ann", "a")).isFalse();
    assertThat(queries("ann")).containsExactly("b");
    history.close();
    assertThat(files()).hasSize(1);
    open(Duration.ofHours(1));
    history.clear("ann");
    history.close();
    assertThat(files()).isEmpty();
  }

  @Test
  void filesThatWereChangedByHandAreCutToTheLimits() throws Exception {
    open(Duration.ofHours(1));
    history.ran("ann", "a");
    history.close();
    StringBuilder text = new StringBuilder("{\"version\":1,\"queries\":[{},{\"query\":\" \"}");
    for (int i = 0; i < 600; i++) {
      text.append(",{\"query\":\"q").append(i).append("\",\"count\":").append(i).append('}');
    }
    Files.writeString(files().getFirst(), text + "]}");
    open(Duration.ofHours(1));
    assertThat(queries("ann")).hasSize(500).startsWith("q599").endsWith("q100");
    assertThat(history.list("ann", 1).getFirst()).isEqualTo(new Entry("q599", 0, 599, false));
  }

  @Test
  void usersStayInMemoryUntilTheyAreWrittenAndTooManyAreRefused() throws Exception {
    open(Duration.ofHours(1));
    for (int i = 0; i < QueryHistory.MAX_UNWRITTEN; i++) {
      history.ran("user" + i, "q" + i);
    }
    assertThatThrownBy(() -> history.ran("more", "a")).hasMessageContaining("many users wait");
    assertThat(queries("more")).isEmpty();
    history.ran("user0", "again");
    history.close();
    assertThat(files()).hasSize(QueryHistory.MAX_UNWRITTEN);
    history.ran("more", "a");
    for (int i = 1; i < QueryHistory.MAX_UNWRITTEN; i++) {
      assertThat(queries("user" + i)).containsExactly("q" + i);
    }
  }

  @Test
  void whatCannotBeWrittenIsKept() throws Exception {
    open(Duration.ofHours(1));
    history.ran("ann", "a");
    Files.writeString(dir.resolve("h"), "in the way");
    history.close();
    assertThat(queries("ann")).containsExactly("a");
    Files.delete(dir.resolve("h"));
    history.close();
    assertThat(files()).hasSize(1);
    open(Duration.ofHours(1));
    assertThat(queries("ann")).containsExactly("a");
  }

  @Test
  void aFileThatCannotBeReadNowStays() throws Exception {
    open(Duration.ofHours(1));
    history.ran("ann", "a");
    history.close();
    Path file = files().getFirst();
    byte[] good = Files.readAllBytes(file);
    Files.delete(file);
    Files.createDirectory(file); // cannot be read
    open(Duration.ofHours(1));
    assertThatThrownBy(() -> queries("ann")).isInstanceOf(Refused.class);
    assertThatThrownBy(() -> history.ran("ann", "b")).hasMessageContaining("cannot be read now");
    assertThat(files()).containsExactly(file);
    Files.delete(file);
    Files.write(file, good);
    assertThat(queries("ann")).containsExactly("a");
  }

  @Test
  void whatAnotherVersionOfTheServerHasWrittenIsRead() throws Exception {
    open(Duration.ofHours(1));
    assertThat(queries("ann")).isEmpty();
    try (QueryHistory other = history(Duration.ofHours(1))) {
      other.ran("ann", "a");
    }
    assertThat(queries("ann")).containsExactly("a");
  }

  @Test
  void theUserWhoWasAwayLongestGoes() throws Exception {
    open(Duration.ofHours(1));
    history.ran("old", "a");
    history.close();
    Path old = files().getFirst();
    Files.setLastModifiedTime(old, FileTime.fromMillis(1000));
    for (int i = 1; i < QueryHistory.MAX_USERS; i++) {
      Files.writeString(dir.resolve("h/" + i + ".json"), "{}");
    }
    assertThat(old).exists();
    open(Duration.ofHours(1));
    history.ran("new", "b");
    history.close();
    assertThat(files()).hasSize(QueryHistory.MAX_USERS).doesNotContain(old);
  }

  @Test
  void damagedFilesAreSetAside() throws Exception {
    for (String damage : List.of("{\"version\":1,", "{\"version\":2}", "[".repeat(5000))) {
      open(Duration.ofHours(1));
      history.ran("ann", "a");
      history.close();
      Path file =
          dir.resolve("h")
              .resolve(files().stream().filter(this::isWhole).findFirst().orElseThrow());
      Files.writeString(file, damage);
      open(Duration.ofHours(1));
      assertThat(queries("ann")).isEmpty();
      assertThat(Files.readString(file.resolveSibling(file.getFileName() + ".damaged")))
          .isEqualTo(damage);
      history.ran("ann", "b");
      history.close();
      assertThat(Files.readString(file)).contains("\"b\"");
    }
  }
}
