package io.narthex.core.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.config.ConfigException;
import io.narthex.testkit.Needs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Runs the good and bad main configurations of the conformance data through the loader. */
class ConfigConformanceTest {
  private static final String SUITE = "config";

  /** Files whose verdict is a plugin's: {@code PluginConfigConformanceTest} runs those it can. */
  private static final Pattern NOT_THE_LOADERS =
      Pattern.compile(
          "^(azure_(auth|client|sub|tenant)|ec2_filters|eureka|hetzner|ionos|kubernetes|marathon|oci|"
              + "openstack|outscale|ovhcloud|puppetdb_(bad|no)|scaleway|stackit|uyuni_no|"
              + "http_(url|token)).*bad.*$");

  /** Likewise; the plugin discovery-static's, and what only {@code check config} looks at. */
  private static final Set<String> OTHERS =
      Set.of(
          "static_config.bad.yml",
          "promtool/authorization_credentials_file.bad.yml",
          "promtool/config_with_rule_files.yml",
          "promtool/config_with_tls_files.yml",
          "promtool/url_in_alert_targetgroup_with_relabel_config.bad.yml",
          "promtool/url_in_scrape_targetgroup_with_relabel_config.bad.yml");

  private record Row(String file, boolean ok, String text, boolean agent, String stage) {
    static Row of(String line) {
      String[] c = line.split("\t", -1);
      return new Row(c[0], c[1].equals("ok"), c[2], c[3].equals("agent"), c[4]);
    }

    boolean belongsToOthers() {
      return stage.equals("rule_file")
          || stage.equals("file_sd")
          || (!ok && (NOT_THE_LOADERS.matcher(file).matches() || OTHERS.contains(file)));
    }

    /**
     * Texts that name types of the original or places of its test folder: only the verdict counts.
     */
    boolean verdictOnly() {
      return text.contains("unmarshal errors")
          || text.contains("in type ")
          || text.endsWith("in type")
          || text.contains("testdata/");
    }
  }

  @Test
  void loaderJudgesEveryFileAsTheOriginalDoes() throws IOException {
    Path manifest = Needs.shared("conformance/config/MANIFEST.tsv");
    int rows = 0;
    int passed = 0;
    Set<String> gaps = new TreeSet<>();
    List<String> wrong = new ArrayList<>();
    for (String line : Files.readAllLines(manifest)) {
      if (line.startsWith("file\t") || line.isBlank()) {
        continue;
      }
      rows++;
      Row row = Row.of(line);
      if (row.belongsToOthers()) {
        gaps.add(row.file());
        continue;
      }
      String problem = judge(row, manifest.resolveSibling(row.file()));
      if (problem == null) {
        passed++;
      } else {
        wrong.add(row.file() + ": " + problem);
      }
    }
    report(passed, rows);
    assertThat(wrong).isEmpty();
    assertThat(rows - passed).as("left to others: %s", gaps).isEqualTo(67);
  }

  private static @Nullable String judge(Row row, Path file) {
    String error = null;
    try {
      PrometheusConfig config = new PrometheusConfigLoader(name -> null, row.agent()).load(file);
      List<String> known =
          OriginalNames.DISCOVERIES.stream().map(OriginalNames::discoveryKey).toList();
      for (ScrapeConfig job : config.scrapeConfigs()) {
        for (DiscoveryBlock block : job.discoveries()) {
          String key = OriginalNames.discoveryKey(block.type());
          OriginalNames.refuseTypo(key, block.node().place(), known);
          OriginalBlocks.check(block.type(), block.node());
        }
      }
    } catch (ConfigException e) {
      error = String.valueOf(e.getMessage());
    }
    if (row.ok()) {
      return error == null ? null : "refused: " + error;
    }
    if (error == null) {
      return "accepted, expected: " + row.text();
    }
    if (row.verdictOnly()) {
      return null;
    }
    for (String part : row.text().split("&&")) {
      if (!error.contains(part.strip())) {
        return "expected: " + row.text() + "\n      got: " + error;
      }
    }
    return null;
  }

  private static void report(int passed, int rows) throws IOException {
    String line = "conformance " + SUITE + ": passed " + passed + " of " + rows;
    System.out.println(line);
    Path out = Path.of("target", "conformance", SUITE + ".txt");
    Files.createDirectories(out.getParent());
    Files.writeString(out, line + "\n");
  }
}
