package io.narthex.bench.scenarios;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScenarioTest {
  @TempDir private Path folder = Path.of("");

  private Scenario scenario(String text) throws Exception {
    Path file = folder.resolve("s.json");
    Files.writeString(file, text.replace('\'', '"'));
    return Scenario.read(file);
  }

  private static JsonNode json(String text) throws Exception {
    return new ObjectMapper().readTree(text.replace('\'', '"'));
  }

  @Test
  void refusesWhatItDoesNotKnow() throws Exception {
    assertThatThrownBy(scenario("{'kind':'play','config':'','steps':[{'sleep':1}]}")::check)
        .hasMessage("unknown kind \"play\"");
    assertThatThrownBy(
            scenario("{'kind':'api','config':'','steps':[{'sleep':1,'until':'x'}]}")::check)
        .hasMessage("unknown key \"until\" of a step");
    assertThatThrownBy(
            scenario(
                    "{'kind':'timeline','config':'','end_at':1,'expect':{},"
                        + "'steps':[{'at':1,'do':'restart'}]}")
                ::check)
        .hasMessage("unknown action \"restart\"");
    assertThatThrownBy(scenario("{'kind':'amtool','config':'','steps':[]}")::check)
        .hasMessage("no steps");
  }

  @Test
  void replacesVariables() {
    Variables variables = new Variables();
    variables.start(Instant.parse("2026-01-01T00:00:00Z"));
    variables.set("ids", List.of("a", "b"));
    assertThat(variables.expand("${t+1.5s} ${t-2m} ${ids}"))
        .isEqualTo("2026-01-01T00:00:01.500Z 2025-12-31T23:58:00Z a b");
    assertThat(variables.arguments("${ids}")).containsExactly("a", "b");
    assertThatThrownBy(() -> variables.expand("${other}"))
        .hasMessage("nothing was saved under \"other\"");
  }

  @Test
  void comparesListsInAnyOrderByTheGivenFields() throws Exception {
    JsonNode got =
        json(
            "[{'labels':{'a':'1'},'status':{'state':'active'}},"
                + "{'labels':{'a':'2'},'status':{'state':'suppressed'}}]");
    assertThat(JsonChecks.sameElements(got, json("[{'state':'suppressed'},{'labels':{'a':'1'}}]")))
        .isTrue();
    assertThat(JsonChecks.sameElements(got, json("[{'state':'active'},{'labels':{'a':'1'}}]")))
        .isFalse();
    assertThat(JsonChecks.sameElements(got, json("[{'state':'active'}]"))).isFalse();
    assertThat(
            JsonChecks.sameElements(
                json("[{'labels':{'a':'1','b':'2'}}]"), json("[{'labels':{'a':'1'}}]")))
        .isFalse();
    assertThat(JsonChecks.at(got, "[1].labels.a").asText()).isEqualTo("2");
  }
}
