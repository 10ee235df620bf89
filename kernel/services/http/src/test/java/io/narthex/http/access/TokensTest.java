package io.narthex.http.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.http.access.Tokens.Created;
import io.narthex.http.store.Refused;
import io.narthex.service.config.AccessConfig.Role;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokensTest {
  @TempDir Path folder;
  private long nowMs = 1_700_000_000_000L;
  private final Clock clock =
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

  private Tokens open() {
    return new Tokens(folder.resolve("tokens.json"), clock);
  }

  private long lastUsedInFile() {
    return open().list().getFirst().lastUsedMs();
  }

  @Test
  void tokensOutliveARestart() throws Exception {
    Created made = open().create("ci", Role.OPERATOR, Duration.ofDays(1), "admin");
    assertThat(open().find(made.text())).isEqualTo(made.token());
    assertThat(open().find(made.text() + "x")).isNull();
    assertThat(open().find(made.text().replace(made.token().id(), "000000000000"))).isNull();
    assertThat(open().find("x".repeat(1_000_000))).isNull();
  }

  @Test
  void expiredTokensCountNoMore() throws Exception {
    Tokens tokens = open();
    Created made = tokens.create("ci", Role.OPERATOR, Duration.ofHours(1), "admin");
    nowMs += 3_599_999;
    assertThat(tokens.find(made.text())).isNotNull();
    assertThat(tokens.present(made.token().id())).isNotNull();
    nowMs++;
    assertThat(tokens.find(made.text())).isNull();
    assertThat(tokens.present(made.token().id())).isNull();
    assertThat(tokens.list()).as("it is still shown").hasSize(1);
  }

  @Test
  void theLastUseIsWrittenOnceAMinute() throws Exception {
    Tokens tokens = open();
    Created made = tokens.create("ci", Role.OPERATOR, null, "admin");
    nowMs += 59_999;
    assertThat(tokens.find(made.text())).isNotNull();
    assertThat(lastUsedInFile()).isZero();
    nowMs++;
    assertThat(tokens.find(made.text())).isNotNull();
    long first = nowMs;
    assertThat(lastUsedInFile()).isEqualTo(first);
    nowMs += 1000;
    assertThat(tokens.find(made.text())).isNotNull();
    assertThat(lastUsedInFile()).isEqualTo(first);
    tokens.flush();
    assertThat(lastUsedInFile()).isEqualTo(nowMs);
  }

  @Test
  void twoGenerationsDoNotUndoEachOthersChanges() throws Exception {
    Tokens old = open();
    Created used = old.create("used", Role.VIEWER, null, "admin");
    Tokens next = open();
    next.create("new", Role.VIEWER, null, "admin");
    nowMs += 60_000;
    assertThat(old.find(used.text())).isNotNull();
    assertThat(open().list()).extracting(Tokens.Token::name).containsExactly("new", "used");
  }

  @Test
  void aFileThatCannotBeReadLetsNobodyInAndIsLeftAsItIs() throws Exception {
    Tokens before = open();
    Created made = before.create("ci", Role.ADMIN, null, "admin");
    Path file = folder.resolve("tokens.json");
    String damaged = Files.readString(file).replace("\"admin\",", "\"root\",");
    Files.writeString(file, damaged);
    Tokens tokens = open();
    assertThat(tokens.find(made.text())).isNull();
    assertThatThrownBy(() -> tokens.create("b", Role.ADMIN, null, "admin"))
        .isInstanceOf(Refused.class);
    assertThat(Files.readString(file)).isEqualTo(damaged);
  }
}
