package io.narthex.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.config.ConfigException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReadBeforeTest {
  private static final String JOB =
      "- {job_name: %s, scrape_interval: %s, static_configs: [{targets: ['%s:1']}]}\n";

  private final PrometheusConfigLoader loader = new PrometheusConfigLoader(name -> null, false);

  private List<ScrapeConfig> load(String global, String... jobs) {
    String text = "global: {" + global + "}\nscrape_configs:\n" + String.join("", jobs);
    return loader.parse("p.yml", text).scrapeConfigs();
  }

  private static String job(String name, String interval) {
    return JOB.formatted(name, interval, name);
  }

  @Test
  void unchangedJobsAreTheSameObjects() {
    List<ScrapeConfig> first = load("", job("a", "1s"), job("b", "2s"), job("c", "3s"));
    List<ScrapeConfig> same = load("", job("a", "1s"), job("b", "2s"), job("c", "3s"));
    List<ScrapeConfig> next = load("", job("a", "1s"), job("b", "9s"), job("c", "3s"));
    for (int i = 0; i < 3; i++) {
      assertThat(same.get(i)).isSameAs(first.get(i));
    }
    assertThat(next.get(0)).isSameAs(first.get(0));
    assertThat(next.get(1).scrapeInterval()).hasSeconds(9);
    assertThat(next.get(2)).isSameAs(first.get(2));
  }

  @Test
  void jobThatHasMovedTellsItsNewPlace() {
    ScrapeConfig first = load("", job("a", "1s"), job("b", "2s")).getLast();
    ScrapeConfig moved = load("", "# one more line\n", job("a", "1s"), job("b", "2s")).getLast();
    assertThat(moved.http()).isSameAs(first.http());
    assertThat(first.discoveries().getFirst().node().place().line()).isEqualTo(4);
    assertThat(moved.discoveries().getFirst().node().place().line()).isEqualTo(5);
  }

  @Test
  void otherGlobalValuesReachTheJobs() {
    String job = "- {job_name: a}\n";
    assertThat(load("scrape_interval: 5s", job).getFirst().scrapeInterval()).hasSeconds(5);
    assertThat(load("scrape_interval: 6s", job).getFirst().scrapeInterval()).hasSeconds(6);
  }

  @Test
  void anAnchorThatChangesReachesTheJobsThatNameIt() {
    String alias = "- {job_name: b, scrape_interval: *i}\n";
    assertThat(load("", "- {job_name: a, scrape_interval: &i 5s}\n", alias).getLast())
        .returns("PT5S", c -> String.valueOf(c.scrapeInterval()));
    assertThat(load("", "- {job_name: a, scrape_interval: &i 6s}\n", alias).getLast())
        .returns("PT6S", c -> String.valueOf(c.scrapeInterval()));
  }

  @Test
  void afterAFileThatCannotBeUsedTheOneBeforeIsRemembered() {
    ScrapeConfig first = load("", job("a", "1s")).getFirst();
    assertThatThrownBy(() -> load("", job("a", "1s"), job("a", "1s")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("found multiple scrape configs with job name");
    assertThat(load("", job("a", "1s")).getFirst()).isSameAs(first);
  }

  @Test
  void aTextIsNotTakenForANumber() {
    String job = "- {job_name: a, body_size_limit: %s}\n";
    assertThat(load("", job.formatted("0")).getFirst()).isNotNull();
    assertThatThrownBy(() -> load("", job.formatted("'x'"))).isInstanceOf(ConfigException.class);
  }
}
