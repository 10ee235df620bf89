package io.narthex.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.relabel.NameScheme;
import io.narthex.service.query.QueryEngine.Canonical;
import io.narthex.spi.config.ConfigException;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What promtool says to each of these files was looked up there. */
@NullUnmarked
final class RuleFileLoaderTest {
  private static List<GroupSpec> load(String text) {
    return new RuleFileLoader(e -> new Canonical(e, false), null, NameScheme.UTF8, false)
        .load("r.yml", text);
  }

  @ParameterizedTest
  @CsvSource({
    "0x10,16",
    "0o17,15",
    "017,15",
    "0b110,6",
    "1_000,1000",
    "5.0,5",
    "5.5,5",
    "1e3,1000",
    "08,8",
    "!!int '6',6",
    "~,0",
    "-5,-5"
  })
  void limitsAreNumbersOfYaml(String limit, int expected) {
    assertThat(load("groups: [{name: a, limit: " + limit + ", rules: []}]\n").getFirst().limit())
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"\"5\"", "'0x10'", "true", "0x1p4", ".inf", "1e30", "18446744073709551615"})
  void otherLimitsAreRefused(String limit) {
    assertThatThrownBy(() -> load("groups: [{name: a, limit: " + limit + "}]\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("r.yml:1:27: limit must be a whole number");
  }

  @ParameterizedTest
  @ValueSource(strings = {"---\n", "---\ngroups: []\n", "---\n- [\n", "...\n", "--- {\n"})
  void theFirstDocumentCounts(String rest) {
    assertThat(load("groups:\t[{name: a}]\n" + rest))
        .extracting(GroupSpec::name)
        .containsExactly("a");
  }

  @Test
  void itemsThatAreNullAreLeftOut() {
    assertThat(load("groups: [null, {name: a, rules: [null, {record: x, expr: up}, ~]}]\n"))
        .singleElement()
        .satisfies(group -> assertThat(group.rules()).hasSize(1));
  }

  @Test
  void ownKeysWinOverMergedOnesWhereverTheyStand() {
    List<GroupSpec> groups =
        load(
            """
            groups:
            - name: a
              rules:
              - &r {record: x, expr: up}
              - {<<: *r, record: y}
              - {record: z, <<: *r}
            """);
    assertThat(groups.getFirst().rules())
        .extracting(GroupSpec.RuleSpec::name)
        .containsExactly("x", "y", "z");
  }
}
