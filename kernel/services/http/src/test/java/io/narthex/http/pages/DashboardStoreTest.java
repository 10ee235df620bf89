package io.narthex.http.pages;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.http.pages.Dashboard.Source;
import io.narthex.http.store.Refused;
import io.narthex.service.web.DashboardSettings;
import io.narthex.service.web.DashboardSettings.Folder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DashboardStoreTest {
  @TempDir Path dir;
  private DashboardSettings settings = DashboardSettings.DEFAULT;
  private long nowMs = 1_700_000_000_000L;
  private DashboardStore store;

  @BeforeEach
  void create() throws IOException {
    Files.createDirectories(dir.resolve("shipped"));
    Files.createDirectories(dir.resolve("team"));
    store = again();
  }

  private DashboardStore again() {
    Clock clock =
        new Clock() {
          @Override
          public ZoneId getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(ZoneId zone) {
            return this;
          }

          @Override
          public Instant instant() {
            return Instant.ofEpochMilli(nowMs);
          }
        };
    return new DashboardStore(
        dir.resolve("shipped"), dir.resolve("state/up"), () -> settings, clock);
  }

  private void team() {
    settings =
        new DashboardSettings(true, List.of(new Folder(dir.resolve("team").toString(), "Team")));
  }

  private static String json(String uid, String title) {
    return "{\"uid\": \"" + uid + "\", \"title\": \"" + title + "\", \"panels\": []}";
  }

  private Path file(String name, String text) throws IOException {
    Path file = dir.resolve(name);
    Files.createDirectories(requireNonNull(file.getParent()));
    return Files.writeString(file, text);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private String content(String uid) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    requireNonNull(store.open(uid)).content().writeTo(out);
    return out.toString(StandardCharsets.UTF_8);
  }

  private Dashboard only() {
    assertThat(store.list()).hasSize(1);
    return store.list().getFirst();
  }

  @Test
  void aFileThatWasChangedSinceTheLastLookIsReadAgain() throws Exception {
    team();
    Path file = file("team/a.json", json("a", "A"));
    assertThat(content("a")).isEqualTo(json("a", "A"));
    Files.writeString(file, json("a", "A that is longer"));
    assertThat(content("a")).isEqualTo(json("a", "A that is longer"));
    DashboardStore.Opened opened = requireNonNull(store.open("a"));
    Files.writeString(file, json("a", "A, changed while it is sent"));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThatThrownBy(() -> opened.content().writeTo(out)).hasMessageContaining("was changed");
    assertThat(out.size()).isZero();
    Files.delete(file);
    assertThat(store.open("a")).isNull();
  }

  @Test
  void aFileThatHoldsAnotherDashboardIsLeftAlone() throws Exception {
    file("state/up/a.json", json("b", "B"));
    assertThatThrownBy(() -> store.put(bytes(json("a", "A")), true))
        .isInstanceOf(Refused.class)
        .hasMessageContaining("a.json holds the dashboard \"b\"");
    assertThatThrownBy(() -> store.remove("a")).hasMessageContaining("holds the dashboard \"b\"");
    assertThat(content("b")).isEqualTo(json("b", "B"));
    file("state/up/x.json", json("a", "A"));
    nowMs += DashboardStore.SCAN_MILLIS;
    store.remove("a");
    assertThat(dir.resolve("state/up/x.json")).doesNotExist();
    assertThat(content("b")).isEqualTo(json("b", "B"));
    assertThatThrownBy(() -> store.remove("ä")).hasMessageContaining("there is no dashboard");
  }

  @Test
  void dashboardsOfAllPlacesAreListedByFolderAndTitle() throws Exception {
    file("shipped/b.json", json("b", "beta"));
    file("shipped/a.json", json("a", "Alpha"));
    file("team/sub/deeper/c.json", json("c", "gamma"));
    file("team/sub/deeper/toodeep/d.json", json("d", "delta"));
    file("team/.hidden/e.json", json("e", "epsilon"));
    file("team/notes.txt", "no dashboard");
    team();
    store.put(bytes(json("u", "Mine")), false);
    assertThat(store.list())
        .extracting(d -> d.folder() + " " + d.title() + " " + d.source().text() + " " + d.file())
        .containsExactly(
            "Shipped Alpha shipped a.json",
            "Shipped beta shipped b.json",
            "Team gamma file sub/deeper/c.json",
            "Uploaded Mine uploaded u.json");
    assertThat(store.list()).allMatch(d -> d.problem() == null && d.changedMs() > 0);
    settings = new DashboardSettings(false, settings.folders());
    assertThat(store.list()).extracting(Dashboard::uid).containsExactly("c", "u");
  }

  @Test
  void filesThatCannotBeUsedAreListedWithTheirPlace() throws Exception {
    team();
    file("team/node.json", "{\n \"title\": \"a\",\n \"panels\": [x]}");
    file("team/big.json", " ".repeat(DashboardDocument.MAX_BYTES + 1));
    file("team/good.json", "{\"panels\": []}");
    List<Dashboard> all = store.list();
    assertThat(all).extracting(Dashboard::title).containsExactly("big.json", "good", "node.json");
    assertThat(all.get(0).problem())
        .isEqualTo("big.json: a dashboard has at most 2097152 bytes, got 2097153; make it smaller");
    assertThat(all.get(1).problem()).isNull();
    assertThat(all.get(2).problem())
        .startsWith("node.json: line 3, column 13: Unrecognized token 'x'")
        .endsWith("; correct the file");
    assertThat(all.get(2).uid()).isEmpty();
    assertThat(all.get(2).source()).isEqualTo(Source.FILE);
  }

  @Test
  void aFolderThatIsMissingIsListed() {
    settings = new DashboardSettings(true, List.of(new Folder(dir + "/none", "")));
    assertThat(only().problem())
        .isEqualTo(
            dir + "/none: cannot be read: it does not exist; correct the folder or its rights");
    assertThat(only().folder()).isEqualTo("none");
  }

  @Test
  void changesAreSeenAfterFiveSecondsAndOnlyChangedFilesAreRead() throws Exception {
    team();
    Path file = file("team/a.json", json("a", "one"));
    Files.setLastModifiedTime(file, FileTime.fromMillis(1000));
    assertThat(only().title()).isEqualTo("one");
    assertThat(only().changedMs()).isEqualTo(1000);
    Files.writeString(file, json("a", "two"));
    nowMs += 4999;
    assertThat(only().title()).as("scanned at most every 5 s").isEqualTo("one");
    Files.setLastModifiedTime(file, FileTime.fromMillis(1000));
    nowMs += 1;
    assertThat(only().title()).as("same size and time").isEqualTo("one");
    Files.setLastModifiedTime(file, FileTime.fromMillis(2000));
    nowMs += 5000;
    assertThat(only().title()).isEqualTo("two");
    Files.delete(file);
    nowMs += 5000;
    assertThat(store.list()).isEmpty();
    assertThat(store.open("a")).isNull();
  }

  @Test
  void linksAsInVolumesOfKubernetesAreFollowedOnce() throws Exception {
    team();
    file("team/..2024/a.json", json("a", "A"));
    Files.createSymbolicLink(dir.resolve("team/..data"), Path.of("..2024"));
    Files.createSymbolicLink(dir.resolve("team/a.json"), Path.of("..data/a.json"));
    Files.createSymbolicLink(dir.resolve("team/loop"), dir.resolve("team"));
    assertThat(store.list())
        .extracting(d -> d.file() + " " + (d.problem() == null))
        .containsExactly("a.json true", "loop false");
    assertThat(content("a")).isEqualTo(json("a", "A"));
  }

  @Test
  void theSecondFileWithAUidHasAProblem() throws Exception {
    team();
    file("shipped/x.json", json("a", "Shipped one"));
    file("team/y.json", json("a", "Own one"));
    List<Dashboard> all = store.list();
    assertThat(all.get(0).problem())
        .isEqualTo(
            "x.json: its uid \"a\" is that of y.json in Team, which is shown instead; give one of"
                + " them another uid");
    assertThat(all.get(0).uid()).isEmpty();
    assertThat(requireNonNull(store.open("a")).dashboard().title()).isEqualTo("Own one");
  }

  @Test
  void filesBeyondTheLimitAreNotRead() throws Exception {
    team();
    for (int i = 0; i < DashboardFiles.MAX_FILES + 3; i++) {
      file("team/%04d.json".formatted(i), json("d" + i, "t" + i));
    }
    List<Dashboard> all = store.list();
    assertThat(all).hasSize(DashboardFiles.MAX_FILES + 1);
    assertThat(all)
        .filteredOn(d -> d.problem() != null)
        .singleElement()
        .satisfies(
            d -> assertThat(d.problem()).startsWith("2000.json: this file and those after it"));
  }

  @Test
  void uploadsAreKeptAsTheyCame() throws Exception {
    String inner = "{ \"title\":\"Größe\",\n\t\"rows\":[], \"n\": 1.50 }";
    assertThat(store.put(bytes("{\"dashboard\": " + inner + "}"), false).replaced()).isFalse();
    Path file = dir.resolve("state/up/gr-e.json");
    assertThat(Files.readString(file)).isEqualTo("{\"dashboard\": " + inner + "}");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(content("gr-e")).isEqualTo(inner);
    store = again();
    assertThat(only().uid()).isEqualTo("gr-e");
    try (var files = Files.list(dir.resolve("state/up"))) {
      assertThat(files).as("no partial file").containsExactly(file);
    }
  }

  @Test
  void uploadsReplaceUploadsAlone() throws Exception {
    file("shipped/s.json", json("s", "S"));
    store.put(bytes(json("u", "one")), false);
    assertThatThrownBy(() -> store.put(bytes(json("u", "two")), false))
        .isInstanceOf(Refused.class)
        .hasMessage(
            "there is an uploaded dashboard \"u\" already (one); add ?overwrite=true to replace"
                + " it");
    assertThat(store.put(bytes(json("u", "two")), true).replaced()).isTrue();
    assertThat(requireNonNull(store.open("u")).dashboard().title()).isEqualTo("two");
    assertThatThrownBy(() -> store.put(bytes(json("s", "x")), true))
        .hasMessage(
            "the uid \"s\" is that of the file s.json in Shipped; give the dashboard another uid");
    assertThatThrownBy(() -> store.put(bytes("{}"), true)).hasMessageStartingWith("the document: ");
  }

  @Test
  void anUploadReplacesAFileOfAnotherNameWithItsUid() throws Exception {
    file("state/up/by-hand.json", json("u", "one"));
    assertThat(store.put(bytes(json("u", "two")), true).replaced()).isTrue();
    assertThat(only().file()).isEqualTo("by-hand.json");
    store.remove("u");
    assertThat(store.list()).isEmpty();
  }

  @Test
  void uploadedOnesCanBeRemoved() throws Exception {
    team();
    file("team/t.json", json("t", "T"));
    file("state/up/broken.json", "{");
    store.put(bytes(json("u", "U")), false);
    store.remove("u");
    assertThat(store.open("u")).isNull();
    store.remove("broken");
    assertThat(only().uid()).isEqualTo("t");
    assertThatThrownBy(() -> store.remove("t"))
        .hasMessage("the dashboard \"t\" comes from the file t.json in Team; remove it there")
        .extracting(e -> ((Refused) e).status())
        .isEqualTo(409);
    for (String absent : List.of("u", "../team/t", "")) {
      assertThatThrownBy(() -> store.remove(absent))
          .isInstanceOf(Refused.class)
          .extracting(e -> ((Refused) e).status())
          .isEqualTo(404);
    }
    assertThat(dir.resolve("team/t.json")).exists();
  }

  @Test
  void thereIsALimitOfUploads() throws Exception {
    for (int i = 0; i < DashboardFiles.MAX_UPLOADED; i++) {
      file("state/up/d" + i + ".json", json("d" + i, "t"));
    }
    assertThatThrownBy(() -> store.put(bytes(json("x", "x")), false))
        .hasMessageContaining("there are 1000 uploaded dashboards already");
    assertThat(store.put(bytes(json("d7", "x")), true).replaced()).isTrue();
  }
}
