package io.narthex.storage.tsdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.CompiledRegex;
import io.narthex.model.Matcher;
import io.narthex.testkit.storage.StoredSeries;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CompiledRegexTest {
  @TempDir private Path folder;

  /** Knows what its matches look like, and notes which values it is asked about. */
  private static final class Known implements CompiledRegex {
    private final @Nullable Set<String> literals;
    private final String prefix;
    private final List<String> asked = new ArrayList<>();

    Known(@Nullable Set<String> literals, String prefix) {
      this.literals = literals;
      this.prefix = prefix;
    }

    @Override
    public @Nullable Set<String> literals() {
      return literals;
    }

    @Override
    public String prefix() {
      return prefix;
    }

    @Override
    public boolean test(String value) {
      if (!value.isEmpty()) { // whether a missing label matches is asked of every expression
        asked.add(value);
      }
      return literals != null ? literals.contains(value) : value.startsWith(prefix);
    }
  }

  private static List<String> select(TsdbStorage db, Matcher matcher) {
    return StoredSeries.select(db, 100, 0, Long.MAX_VALUE, matcher).stream()
        .map(s -> s.labels().get("i"))
        .sorted()
        .toList();
  }

  @Test
  void looksUpLiteralsAndTestsOnlyWhatHasThePrefix() throws Exception {
    try (TsdbStorage db = TestDb.open(folder)) {
      for (int i = 0; i < 30; i++) {
        TestDb.append(db, TestDb.series("m", i), TestDb.T0, i);
      }
      Known literals = new Known(Set.of("3", "17", "none"), "");
      assertThat(select(db, Matcher.regex("i", "3|17|none", literals))).containsExactly("17", "3");
      assertThat(literals.asked).isEmpty();
      Known prefix = new Known(null, "2");
      assertThat(select(db, Matcher.regex("i", "2.*", prefix))).hasSize(11).contains("2", "29");
      assertThat(prefix.asked).allMatch(v -> v.startsWith("2"));
      Known others = new Known(Set.of("3"), "");
      assertThat(select(db, Matcher.notRegex("i", "3", others))).hasSize(29).doesNotContain("3");
    }
  }
}
