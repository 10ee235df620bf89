package io.narthex.http.access;

import static org.assertj.core.api.Assertions.assertThat;

import at.favre.lib.crypto.bcrypt.BCrypt;
import io.narthex.http.access.Passwords.Verdict;
import io.narthex.spi.config.Secret;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class PasswordsTest {
  private static final String HASH =
      BCrypt.with(BCrypt.Version.VERSION_2Y).hashToString(4, "secret".toCharArray());

  /** The original looks at the first 60 characters, at load and at each login. */
  @Test
  void whatFollowsAHashDoesNotMatter() {
    try (Passwords passwords = new Passwords()) {
      for (String hash : List.of(HASH, HASH + " ", HASH + "\n", HASH + "x")) {
        assertThat(Passwords.isHash(hash)).as(hash).isTrue();
        Map<String, Secret> users = Map.of("u", Secret.of(hash));
        assertThat(passwords.check(users, "u", "secret")).as(hash).isEqualTo(Verdict.RIGHT);
        assertThat(passwords.check(users, "u", "other")).as(hash).isEqualTo(Verdict.WRONG);
      }
      String shorter = HASH.substring(0, HASH.length() - 1);
      assertThat(Passwords.isHash(shorter)).isTrue();
      assertThat(passwords.check(Map.of("u", Secret.of(shorter)), "u", "secret"))
          .isEqualTo(Verdict.WRONG);
    }
  }

  @Test
  void hashesOfOtherCostsAndVersionsAreNone() {
    String rest = HASH.substring(6);
    for (String cost : List.of("04", "10", "31")) {
      assertThat(Passwords.isHash("$2b$" + cost + rest)).as(cost).isTrue();
    }
    for (String start :
        List.of("$2y$03", "$2y$32", "$2y$00", "$2y$x4", "$1y$10", "2y$10$", "$5$10$")) {
      assertThat(Passwords.isHash(start + rest)).as(start).isFalse();
    }
    assertThat(Passwords.isHash(HASH.substring(0, 58))).isFalse();
  }
}
