package io.narthex.exporter.jvm.jmx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.management.Attribute;
import javax.management.MBeanInfo;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeDataSupport;
import javax.management.openmbean.CompositeType;
import javax.management.openmbean.OpenType;
import javax.management.openmbean.SimpleType;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@NullUnmarked
@Timeout(60)
class JmxScraperTest {
  /** MBeans in memory that remember what was asked. */
  private static final class Memory implements Beans {
    final Map<ObjectName, FakeBean> beans = new HashMap<>();
    final List<String> asked = new ArrayList<>();

    Memory add(String name, Object... attributes) {
      beans.put(FakeBean.name(name), new FakeBean(attributes));
      return this;
    }

    @Override
    public Set<ObjectName> names(ObjectName pattern) {
      return beans.keySet().stream()
          .filter(pattern::apply)
          .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    @Override
    public MBeanInfo info(ObjectName bean) {
      return beans.get(bean).getMBeanInfo();
    }

    @Override
    public List<Attribute> attributes(ObjectName bean, String[] names) {
      asked.add(bean + " " + String.join(",", names));
      return beans.get(bean).getAttributes(names).asList();
    }

    @Override
    public void close() {}
  }

  private static JmxScraper scraper(String rules, Limits limits) {
    return new JmxScraper(RuleFileReader.read("r.yml", rules, n -> null), limits);
  }

  private static Map<Labels, Double> scrape(JmxScraper scraper, Beans beans) throws Exception {
    RecordingMetrics metrics = new RecordingMetrics();
    scraper.scrape(beans, Deadline.after(Duration.ofSeconds(30))).write(metrics);
    assertThat(metrics.faults()).isEmpty();
    return metrics.samples();
  }

  private static Labels named(String name, String... labels) {
    return Labels.of(labels).with("__name__", name);
  }

  @Test
  void patternThatTakesExponentialTimeEndsByTheDeadline() {
    Memory beans = new Memory().add("a:type=B", "Text", "a".repeat(200) + "!");
    JmxScraper scraper = scraper("rules: [{pattern: '(a+)+(a+)+(a+)+$'}]", Limits.DEFAULT);
    long started = System.nanoTime();
    assertThatThrownBy(() -> scraper.scrape(beans, Deadline.after(Duration.ofMillis(300))))
        .isInstanceOf(JmxException.class)
        .hasMessage("no end within 300 ms");
    assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void patternThatNestsTooDeepIsAnErrorOfItsScrape() {
    Memory beans = new Memory().add("a:type=B", "Text", "ab".repeat(2_000));
    JmxScraper scraper = scraper("rules: [{pattern: '((a|b)*)*x'}]", Limits.DEFAULT);
    assertThatThrownBy(() -> scraper.scrape(beans, Deadline.after(Duration.ofSeconds(2))))
        .isInstanceOf(JmxException.class);
  }

  @Test
  void attributesWithoutUsableValueAreNotAskedForAgain() throws Exception {
    Memory beans = new Memory().add("a:type=B", "N", 1, "List", List.of(1), "Null", null);
    JmxScraper scraper = scraper("", Limits.DEFAULT);
    scrape(scraper, beans);
    scrape(scraper, beans);
    assertThat(beans.asked).containsExactly("a:type=B N,List,Null", "a:type=B N,Null");
    beans.asked.clear();
    JmxScraper asking = scraper("autoExcludeObjectNameAttributes: false", Limits.DEFAULT);
    scrape(asking, beans);
    scrape(asking, beans);
    assertThat(beans.asked).containsExactly("a:type=B N,List,Null", "a:type=B N,List,Null");
  }

  @Test
  void cachedRulesMatchEachAttributeOnceAndGiveItsCurrentValue() throws Exception {
    Memory beans = new Memory().add("a:type=B", "N", 1).add("a:type=C", "N", 2);
    JmxScraper scraper =
        scraper("rules: [{pattern: 'a<type=(.)>', name: n_$1, cache: true}]", Limits.DEFAULT);
    scrape(scraper, beans);
    beans.add("a:type=B", "N", 5);
    assertThat(scrape(scraper, beans))
        .containsOnly(Map.entry(named("n_B"), 5.0), Map.entry(named("n_C"), 2.0));
    assertThat(scraper.cached()).isEqualTo(2);
    beans.beans.remove(FakeBean.name("a:type=C"));
    scrape(scraper, beans);
    assertThat(scraper.cached()).as("what is gone is forgotten").isEqualTo(1);
  }

  @Test
  void excludesTheMBeansOfTheJvmOnDemand() throws Exception {
    Memory beans = new Memory().add("java.lang:type=Memory", "N", 1).add("app:type=Memory", "N", 2);
    assertThat(scrape(scraper("excludeJvmMetrics: true", Limits.DEFAULT), beans))
        .containsOnlyKeys(named("app_Memory_N"));
  }

  @Test
  void aJvmWithTooMuchGivesAnErrorThatNamesTheLimit() {
    Memory beans = new Memory();
    for (int i = 0; i < 11; i++) {
      beans.add("a:type=B,n=" + i, "N", 1, "M", 2);
    }
    assertThatThrownBy(
            () -> scrape(scraper("", new Limits(10, 100, 1_000, 4, 100, 100_000)), beans))
        .isInstanceOf(JmxException.class)
        .hasMessageStartingWith("a JVM may have 10 MBeans, got 11; leave some out by");
    assertThatThrownBy(() -> scrape(scraper("", new Limits(11, 1, 1_000, 4, 100, 100_000)), beans))
        .hasMessageContaining("an MBean may have 1 attributes, got 2 of a:type=B,n=");
    assertThatThrownBy(() -> scrape(scraper("", new Limits(11, 2, 21, 4, 100, 100_000)), beans))
        .hasMessageContaining("a scrape gives at most 21 samples");
    assertThatThrownBy(() -> scrape(scraper("", new Limits(11, 2, 100, 4, 100, 500)), beans))
        .hasMessageContaining("with 500 characters in names and labels");
  }

  @Test
  void longTextsLongNamesAndDeepDataAreLeftOut() throws Exception {
    Object nested = 1;
    OpenType<?> type = SimpleType.INTEGER;
    for (int i = 0; i < 8; i++) {
      String[] names = {"x"};
      CompositeType outer = new CompositeType("t", "d", names, names, new OpenType<?>[] {type});
      nested = new CompositeDataSupport(outer, names, new Object[] {nested});
      type = outer;
    }
    Memory beans =
        new Memory()
            .add("a:type=B", "Text", "x".repeat(101), "Short", "x".repeat(100), "Deep", nested)
            .add("a:type=" + "L".repeat(100), "N", 1);
    JmxScraper scraper =
        scraper(
            "rules: [{pattern: '<>(.*): (.).*', name: $1, value: '1'}, {pattern: N}, {}]",
            new Limits(10, 100, 1_000, 4, 100, 100_000));
    assertThat(scrape(scraper, beans)).containsOnlyKeys(named("Short"));
  }

  @Test
  void seriesThatCannotBeToldApartAreWrittenOnce() throws Exception {
    Memory beans = new Memory().add("a:type=B,name=x", "N", 1).add("a:type=B,name=y", "N", 1);
    assertThat(
            scrape(scraper("rules: [{pattern: '<>(N)', name: n}]", Limits.DEFAULT), beans).keySet())
        .extracting(l -> l.get("_objectname"))
        .containsExactlyInAnyOrder("a<type=B, name=x><>N", "a<type=B, name=y><>N");
    Memory clash = new Memory().add("a:type=B,x-1=1,x.1=2", "N", 1);
    assertThat(scrape(scraper("", Limits.DEFAULT), clash))
        .as("of two labels with one name the first counts")
        .containsOnlyKeys(named("a_B_N", "x_1", "1"));
  }

  @Test
  void interruptEndsAScrape() {
    Memory beans = new Memory().add("a:type=B", "N", 1);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> scrape(scraper("", Limits.DEFAULT), beans))
        .isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isTrue();
  }
}
