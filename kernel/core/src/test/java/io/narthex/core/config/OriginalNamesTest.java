package io.narthex.core.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.config.yaml.YamlReader;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode.Place;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Prometheus' discoveries without plugin: their names wait, slips and common mistakes do not. */
class OriginalNamesTest {
  private static final Place PLACE = new Place("p.yml", 3, 5);

  /** The mechanisms that Prometheus 3.14 registers. */
  private static final String[] REGISTERED =
      ("aws azure consul digitalocean dns docker dockerswarm ec2 ecs elasticache eureka file gce"
              + " hetzner http ionos kubernetes kuma lightsail linode marathon msk nerve nomad oci"
              + " openstack outscale ovhcloud puppetdb rds scaleway serverset stackit static triton"
              + " uyuni vultr")
          .split(" ");

  private static List<String> keys() {
    return OriginalNames.DISCOVERIES.stream().map(OriginalNames::discoveryKey).toList();
  }

  @Test
  void everyMechanismOfPrometheusIsExpected() {
    assertThat(OriginalNames.DISCOVERIES).containsExactlyInAnyOrder(REGISTERED);
    for (String key : keys()) {
      assertThatCode(() -> OriginalNames.refuseTypo(key, PLACE, keys())).doesNotThrowAnyException();
      List<String> others = keys().stream().filter(k -> !k.equals(key)).toList();
      if (!List.of("ec2_sd_configs", "ecs_sd_configs").contains(key)) {
        // a mechanism that is neither there nor listed would not be taken for another's misspelling
        assertThatCode(() -> OriginalNames.refuseTypo(key, PLACE, others))
            .as(key)
            .doesNotThrowAnyException();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "dsn, dns",
    "azur, azure",
    "azrue, azure",
    "nomaad, nomad",
    "digital_ocean, digitalocean",
    "hetzer, hetzner",
    "openstak, openstack",
    "lighsail, lightsail",
  })
  void slipsAreAnswered(String slip, String meant) {
    assertThatThrownBy(() -> OriginalNames.refuseTypo(slip + "_sd_configs", PLACE, keys()))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "p.yml:3:5: field "
                + slip
                + "_sd_configs not found; did you mean \""
                + meant
                + "_sd_configs\"?");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{bearer_token: a, bearer_token_file: b}|p.yml:1:1: at most one of bearer_token & bearer_token_file must be configured",
        "{basic_auth: {username: a}, bearer_token: b}|p.yml:1:1: at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
        "{refresh_interval: 5x}|p.yml:1:20: refresh_interval: unknown unit \"x\" in duration \"5x\"",
        "{follow_redirects: 'no'}|p.yml:1:20: follow_redirects must be true or false, got the text \"no\"; write it without quotes",
        "[a]|p.yml:1:1: expected a map in azure_sd_configs",
      })
  void blocksThatWaitAreCheckedForWhatAllHaveInCommon(String block, String message) {
    assertThatThrownBy(() -> OriginalBlocks.check("azure", YamlReader.read("p.yml", block)))
        .isInstanceOf(ConfigException.class)
        .hasMessage(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{subscription_id: a, refresh_interval: 5m}", "~"})
  void theRestIsLeftToThePlugin(String block) {
    assertThatCode(() -> OriginalBlocks.check("azure", YamlReader.read("p.yml", block)))
        .doesNotThrowAnyException();
    assertThatCode(() -> OriginalBlocks.check("acme", YamlReader.read("p.yml", "[a]")))
        .as("somebody's own")
        .doesNotThrowAnyException();
  }
}
