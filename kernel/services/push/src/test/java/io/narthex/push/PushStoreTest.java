package io.narthex.push;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.exposition.family.Families;
import io.narthex.exposition.family.SeriesLabels;
import io.narthex.exposition.family.TextReader;
import io.narthex.push.PushStore.Outcome;
import io.narthex.service.push.PushSettings;
import io.narthex.service.push.PushSettings.TimeToLive;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PushStoreTest {
  @TempDir private Path folder = Path.of("");
  private long now = 1_000_000_000_000_000_000L;
  private PushSettings settings = PushSettings.DEFAULT;
  private PushStore store;

  @BeforeEach
  void open() throws IOException {
    store = new PushStore(file(), settings, () -> now);
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  private Path file() {
    return folder.resolve("push/groups.log");
  }

  private void restart() throws IOException {
    close();
    open();
  }

  private Outcome push(String path, boolean replace, String text) {
    try {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      return store.push(
          GroupPath.read(path, false), TextReader.read(bytes, bytes.length, false), replace, 0);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private void taken(String path, String text) {
    assertThat(push(path, false, text)).isInstanceOf(Outcome.Taken.class);
  }

  private String refused(String path, String text) {
    Outcome outcome = push(path, false, text);
    assertThat(outcome).isInstanceOf(Outcome.Inconsistent.class);
    return ((Outcome.Inconsistent) outcome).why();
  }

  private String exposed() {
    return new String(
        Exposition.text(Exposition.merged(store.groups()), false), StandardCharsets.UTF_8);
  }

  @Test
  void postKeepsOtherFamiliesAndPutDoesNot() {
    taken("job/j", "a 1\nb 2\n");
    taken("job/j", "a 3\n");
    assertThat(exposed())
        .contains("a{instance=\"\",job=\"j\"} 3\n", "b{instance=\"\",job=\"j\"} 2\n");
    assertThat(push("job/j", true, "c 4\n")).isInstanceOf(Outcome.Taken.class);
    assertThat(exposed()).contains("c{instance=\"\",job=\"j\"} 4\n").doesNotContain("a{", "b{");
  }

  @Test
  void anInstanceOfTheBodyStaysUnlessTheGroupHasOne() {
    taken("job/j", "a{instance=\"x\",job=\"other\"} 1\na 2\n");
    taken("job/k/instance/y", "b{instance=\"x\"} 3\n");
    assertThat(exposed())
        .contains("a{instance=\"x\",job=\"j\"} 1\n", "a{instance=\"\",job=\"j\"} 2\n")
        .contains("b{instance=\"y\",job=\"k\"} 3\n");
  }

  @Test
  void groupsSurviveARestartWithTheirTimes() throws Exception {
    taken("job/j/x/y", "# HELP h text\n# TYPE h histogram\nh_bucket{le=\"1\"} 1.5\nh_count 2\n");
    now += 1_500_000_000;
    refused("job/j/x/y", "a 1 5\n");
    taken("job/k", "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum NaN\n");
    taken("job/gone", "a 1\n");
    store.delete(GroupPath.read("job/gone", false));
    String before = exposed();
    assertThat(before)
        .contains("push_failure_time_seconds{instance=\"\",job=\"j\",x=\"y\"} 1.0000000015e+09");
    restart();
    assertThat(exposed()).isEqualTo(before);
  }

  @Test
  void aRefusedPushOnlyMovesTheTimeOfFailure() {
    assertThat(refused("job/j", "a 1 5\n")).isEqualTo("pushed metrics must not have timestamps");
    assertThat(exposed())
        .contains("push_failure_time_seconds{instance=\"\",job=\"j\"} 1e+09")
        .contains("push_time_seconds{instance=\"\",job=\"j\"} 0");
    taken("job/j", "a 1\n");
    refused("job/j", "a 2 5\n");
    assertThat(exposed()).contains("a{instance=\"\",job=\"j\"} 1\n");
  }

  @Test
  void whatDoesNotFitOtherGroupsIsRefused() {
    taken("job/j", "# TYPE a counter\na{x=\"y\"} 1\n# TYPE h histogram\nh_count 1\n");
    assertThat(refused("job/k", "# TYPE a gauge\na 1\n")).contains("is not a COUNTER");
    assertThat(refused("job/j/x/y", "# TYPE a counter\na 1\n")).contains("was collected before");
    assertThat(refused("job/k", "h_count 1\n")).contains("collides with previously collected");
    assertThat(refused("job/k", "# TYPE h_sum summary\nh_sum_count 1\n")).contains("collides");
    assertThat(
            refused("job/k", "# TYPE pushgateway_build_info counter\npushgateway_build_info 1\n"))
        .contains("should have GAUGE");
    assertThat(refused("job/k", "z{x=\"1\"} 1\nz{x=\"1\"} 2\n")).contains("was collected before");
    taken("job/j", "# TYPE a gauge\na{x=\"y\"} 1\n"); // its own family may change its type
    taken("job/k", "# TYPE a gauge\na 1\n");
    assertThat(refused("job/j/instance/", "b 1\n")).contains("another group");
  }

  @Test
  void aGroupThatIsDeletedMakesRoom() throws Exception {
    taken("job/j", "# TYPE a counter\na 1\n");
    store.delete(GroupPath.read("job/j", false));
    store.delete(GroupPath.read("job/j", false));
    taken("job/k", "# TYPE a gauge\na 1\n");
    assertThat(exposed()).doesNotContain("job=\"j\"");
  }

  @Test
  void aGroupGoesWhenItsTimeHasCome() throws Exception {
    byte[] body = "a 1\n".getBytes(StandardCharsets.UTF_8);
    SeriesLabels key = GroupPath.read("job/j", false);
    store.push(key, TextReader.read(body, body.length, false), false, 10_000_000_000L);
    taken("job/k", "b 1\n");
    now += 9_000_000_000L;
    restart();
    assertThat(exposed()).contains("a{");
    now += 1_000_000_000L;
    assertThat(exposed()).doesNotContain("a{").contains("b{");
    restart();
    assertThat(exposed()).doesNotContain("a{").contains("b{");
    taken("job/j", "c 1\n");
    now += 1_000_000_000_000L;
    assertThat(exposed()).doesNotContain("a{").contains("c{");
  }

  @Test
  void groupsAndBytesAreBounded() throws Exception {
    settings = new PushSettings(true, false, false, 2, 20_000, 1 << 20, List.of());
    restart();
    taken("job/a", "a 1\n");
    taken("job/b", "a 1\n");
    assertThat(push("job/c", false, "a 1\n")).isInstanceOf(Outcome.Full.class);
    StringBuilder large = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      large.append("b{x=\"").append(i).append("\"} 1\n");
    }
    assertThat(push("job/b", false, large.toString())).isInstanceOf(Outcome.Full.class);
    taken("job/b", "a 2\n");
    assertThat(store.bytes()).isLessThan(20_000);
  }

  @Test
  void whatACrashToreIsLeftOut() throws Exception {
    taken("job/a", "a 1\n");
    String before = exposed();
    taken("job/b", "b 1\n");
    close();
    byte[] whole = Files.readAllBytes(file());
    Random random = new Random(3);
    for (int i = 0; i < 50; i++) {
      int keep = whole.length - 1 - random.nextInt(40);
      Files.write(file(), Arrays.copyOf(whole, keep));
      open();
      assertThat(exposed()).isEqualTo(before);
      taken("job/c", "c 1\n");
      restart();
      assertThat(exposed()).contains("c{instance=\"\",job=\"c\"} 1");
      close();
    }
    open();
  }

  @Test
  void aFlippedBitCostsOnePush() throws Exception {
    taken("job/a", "a 1\n");
    long first = Files.size(file());
    taken("job/b", "b 1\n");
    close();
    byte[] whole = Files.readAllBytes(file());
    for (int at = 16; at < first; at++) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 4;
      Files.write(file(), damaged);
      open();
      assertThat(exposed()).as("byte " + at).doesNotContain("job=\"a\"").contains("b{");
      close();
    }
    open();
  }

  @Test
  void theFileIsWrittenAnewWhenMostOfItIsOld() throws Exception {
    String text = "a{x=\"" + "y".repeat(10_000) + "\"} ";
    for (int i = 0; i < 400; i++) {
      taken("job/j", text + i + "\n");
      taken("job/k", "b " + i + "\n");
    }
    assertThat(Files.size(file())).isLessThan(2 << 20);
    String before = exposed();
    restart();
    assertThat(exposed()).isEqualTo(before).contains("\"} 399\n");
  }

  @Test
  void groupsWhoseLabelsMatchEndAfterTheirLastPush() throws IOException {
    settings =
        new PushSettings(
            true,
            false,
            false,
            10,
            1 << 20,
            1 << 20,
            List.of(
                new TimeToLive(List.of("job=cron", "zone!=\"\""), Duration.ofHours(2)),
                new TimeToLive(List.of("job=~\"cron.*\""), Duration.ofHours(1))));
    restart();
    taken("job/cron/zone/a", "x 1\n");
    taken("job/cron-b", "x 1\n");
    taken("job/other", "x 1\n");
    now += Duration.ofMinutes(59).toNanos();
    taken("job/cron-b/n/1", "x 1\n");
    now += Duration.ofMinutes(1).toNanos();
    assertThat(store.groups()).hasSize(3);
    now += Duration.ofMinutes(60).toNanos();
    assertThat(store.groups()).extracting(g -> g.key().toString()).containsExactly("[job, other]");
    // what has ended stays away when the settings are gone
    settings = PushSettings.DEFAULT;
    restart();
    assertThat(store.groups()).hasSize(1);
  }

  @Test
  void theHeaderOfAPushGoesBeforeTheSettings() throws Exception {
    store.settings(
        new PushSettings(
            true,
            false,
            false,
            10,
            1 << 20,
            1 << 20,
            List.of(new TimeToLive(List.of("job=cron"), Duration.ofHours(1)))));
    byte[] body = "x 1\n".getBytes(StandardCharsets.UTF_8);
    store.push(
        GroupPath.read("job/cron", false),
        TextReader.read(body, body.length, false),
        true,
        Duration.ofHours(3).toNanos());
    now += Duration.ofHours(2).toNanos();
    assertThat(store.groups()).hasSize(1);
    now += Duration.ofHours(1).toNanos();
    assertThat(store.groups()).isEmpty();
  }

  @Test
  void messagesAreReadAsTheyWereWritten() throws Exception {
    taken(
        "job/j",
        "# TYPE c counter\nc 1.5\n# TYPE g gauge\ng NaN\nu{x=\"\"} -Inf\n"
            + "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_count 3\n"
            + "# TYPE h histogram\nh_bucket{le=\"1\"} 0.5\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\n");
    byte[] messages = Exposition.messages(Exposition.merged(store.groups()), false);
    Families read = MessageReader.read(messages, messages.length);
    assertThat(
            new String(
                Exposition.text(java.util.List.copyOf(read.families().values()), false),
                StandardCharsets.UTF_8))
        .isEqualTo(exposed());
  }
}
