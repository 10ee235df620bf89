package io.narthex.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.bench.BenchQueries.Query;
import io.narthex.promql.ParseException;
import io.narthex.promql.PromqlParser;
import io.narthex.query.PromqlEngine;
import io.narthex.query.context.EngineOptions;
import io.narthex.query.script.PromqlTestRunner;
import io.narthex.service.query.QueryEngine;
import io.narthex.service.query.QueryResult;
import io.narthex.spi.storage.Storage;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BenchQueriesTest {
  private static final long END_MS = 1_700_000_000_000L;
  private static final BenchData.Scale SMALL = new BenchData.Scale(200, 60, 3, 60, 200);
  private static final EngineOptions OPTIONS =
      new EngineOptions(
          Duration.ofMinutes(5),
          Duration.ofMinutes(1),
          50_000_000,
          20,
          Duration.ofMinutes(1),
          false,
          false,
          false,
          true,
          true,
          true);

  @ParameterizedTest
  @EnumSource(QueryClass.class)
  void everyQueryFindsSomethingInTheMetricsOfItsClass(QueryClass kind) {
    Storage storage = LibraryContext.memory();
    new BenchData(SMALL, END_MS, kind.metrics()).load(storage);
    QueryEngine engine = new PromqlEngine(storage, () -> OPTIONS);
    List<Query> queries =
        BenchQueries.all().stream().filter(query -> query.kind() == kind).toList();
    assertThat(queries).isNotEmpty();
    for (Query query : queries) {
      Query fewSteps = new Query(query.expression(), Math.min(query.steps(), 5), kind);
      QueryResult result = EngineBenchmark.evaluate(engine, fewSteps, END_MS);
      assertThat(isEmpty(result.data())).as(query.name()).isEqualTo(findsNothing(query));
    }
  }

  private static boolean isEmpty(QueryResult.Data data) {
    return switch (data) {
      case QueryResult.Data.Vector vector -> vector.samples().isEmpty();
      case QueryResult.Data.Matrix matrix -> matrix.series().isEmpty();
      default -> false;
    };
  }

  /** Those that look in vain, at least in the data of their class. */
  private static boolean findsNothing(Query query) {
    String expression = query.expression();
    return expression.contains("notfound")
        || expression.contains("absent")
        || expression.contains("l=\"\"")
        || expression.startsWith("a_one unless")
        // whether a single series is among a part of all is up to its hash
        || (expression.startsWith("limit_ratio") && !expression.contains("-0.5"))
            && query.kind() == QueryClass.ONE;
  }

  @Test
  void namesAreUniqueAndLeadToTheirQueries() {
    Set<String> names = new HashSet<>();
    for (Query query : BenchQueries.all()) {
      assertThat(names.add(query.name())).as(query.name()).isTrue();
      assertThat(BenchQueries.named(query.name())).isEqualTo(query);
    }
  }

  @Test
  void theMicroBenchmarksRunAllOfTheList() {
    List<MicroBenchmarkPart> parts = MicroBenchmarkPart.matching(List.of());
    assertThat(parts.stream().mapToInt(part -> part.names().size()).sum())
        .isEqualTo(
            BenchQueries.all().size() + BenchQueries.VALID.size() + BenchQueries.INVALID.size());
    assertThat(MicroBenchmarkPart.matching(List.of("5000 steps, joins", "parser: a$")))
        .extracting(MicroBenchmarkPart::title)
        .containsExactly("parser", "joins");
  }

  @Test
  void parserExpressionsAreRightAndWrong() throws ParseException {
    PromqlParser parser = PromqlEngine.parser(PromqlTestRunner.OPTIONS);
    assertThat(BenchQueries.VALID).hasSize(14);
    assertThat(BenchQueries.INVALID).hasSize(6);
    for (String text : BenchQueries.VALID) {
      assertThat(parser.parse(text)).as(text).isNotNull();
    }
    for (String text : BenchQueries.INVALID) {
      assertThatThrownBy(() -> parser.parse(text)).as(text).isInstanceOf(ParseException.class);
    }
  }
}
