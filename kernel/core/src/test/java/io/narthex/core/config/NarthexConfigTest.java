package io.narthex.core.config;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.YamlReader;
import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.WebListener;
import io.narthex.service.push.PushSettings;
import io.narthex.service.rules.RuleSettings;
import io.narthex.service.web.DashboardSettings;
import io.narthex.service.web.UiSettings;
import io.narthex.spi.config.ConfigException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NarthexConfigTest {
  private static NarthexConfig bind(String yaml) {
    return bind("n.yml", yaml);
  }

  private static NarthexConfig bind(String file, String yaml) {
    return ConfigBinder.bind(YamlReader.read(file, yaml), NarthexConfig.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "storage:",
        "storage: {}",
        "storage: {type: , settings: }",
        "storage: {type: '', settings: {}}",
        "exporters:",
        "exporters: {}\nstorage: {settings: {}}"
      })
  void emptyIsTheSameAsAbsent(String yaml) {
    NarthexConfig config = bind(yaml);
    assertThat(config.storage().type()).isEqualTo("tsdb");
    assertThat(config.storage().settings().entries()).isEmpty();
    assertThat(config.exporters().entries()).isEmpty();
  }

  @Test
  void blocksKeepTheirPlaces() {
    NarthexConfig config =
        bind("storage:\n  settings:\n    retention_time: 1d\nexporters:\n  node:\n  jvm: {}\n");
    assertThat(config.storage().settings().entries().get(0).keyPlace()).hasToString("n.yml:3:5");
    assertThat(config.exporters().keys()).containsExactly("node", "jvm");
    assertThat(config.exporters().entries().get(0).keyPlace()).hasToString("n.yml:5:3");
  }

  @Test
  void theGraceOfADeletedJarCanBeSet() {
    assertThat(bind("").plugins().removalGrace()).isEqualTo(Duration.ofSeconds(10));
    assertThat(bind("plugins: {removal_grace: 1s}").plugins().removalGrace())
        .isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void otherThanMapsAreRefused() {
    assertThatThrownBy(() -> bind("exporters: [node]"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("exporters must be a map");
    assertThatThrownBy(() -> bind("exprters: {}"))
        .hasMessage("n.yml:1:1: field exprters not found; did you mean \"exporters\"?");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "access:", "access: compatible", "access: {}", "access: {mode: compatible}"})
  void accessIsCompatibleUnlessSaid(String yaml) {
    assertThat(bind(yaml).access()).isEqualTo(AccessConfig.DEFAULT);
  }

  @Test
  void accessIsAModeOrAMap() {
    assertThat(bind("access: strict").access().mode()).isEqualTo(AccessConfig.Mode.STRICT);
    AccessConfig access =
        bind(
                "/etc/narthex/n.yml",
                """
                access:
                  mode: strict
                  users: {ann: admin, bob: plugin_admin}
                  networks: {admin: [10.0.0.0/8, "::1"], everybody: 0.0.0.0/0}
                  sessions: {idle_timeout: 5m}
                  oidc:
                    issuer: https://id.example/realm
                    client_id: narthex
                    client_secret_file: secret
                    roles: {sre: operator}
                    tls_config: {ca_file: ca.pem}
                """)
            .access();
    assertThat(access.users())
        .containsEntry("ann", AccessConfig.Role.ADMIN)
        .containsEntry("bob", AccessConfig.Role.PLUGIN_ADMIN);
    assertThat(access.networks().get("everybody")).containsExactly("0.0.0.0/0");
    assertThat(access.sessions().idleTimeout()).hasMinutes(5);
    assertThat(access.sessions().timeout()).hasHours(12);
    AccessConfig.Oidc oidc = requireNonNull(access.oidc());
    assertThat(oidc.clientSecretFile()).isEqualTo("/etc/narthex/secret");
    assertThat(requireNonNull(oidc.tlsConfig()).caFile()).isEqualTo("/etc/narthex/ca.pem");
    assertThat(oidc.roleClaim()).isEqualTo("groups");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "access: open|n.yml:1:9: mode must be one of compatible, strict, got \"open\"",
        "access: {users: {ann: root}}|n.yml:1:23: ann must be one of viewer, operator,"
            + " plugin_admin, admin, got \"root\"",
        "access: {networks: {root: [10.0.0.0/8]}}|n.yml:1:21: networks are given for everybody,"
            + " viewer, operator, plugin_admin, admin, got \"root\"",
        "access: {networks: {admin: [10.0.0.1/8]}}|n.yml:1:29: a network has no bits set beyond"
            + " its length, got \"10.0.0.1/8\"",
        "access: {networks: {admin: [example.org]}}|n.yml:1:29: a network is an address and a"
            + " length like 10.0.0.0/8, got \"example.org\"",
        "access: {networks: {admin: []}}|n.yml:1:28: no network would let anybody in; name one or"
            + " leave the key out",
        "access: {oidc: {issuer: 'http://id.example', client_id: a, roles: {a: admin}}}|n.yml:1:25:"
            + " issuer must be an https URL without query, got \"http://id.example\"",
        "access: {mod: strict}|n.yml:1:10: field mod not found; did you mean \"mode\"?"
      })
  void accessThatCannotBeIsRefusedWithItsPlace(String yaml, String message) {
    assertThatThrownBy(() -> bind(yaml))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @Test
  void warmsUpUnlessItIsSwitchedOff() {
    assertThat(bind("").warmUp()).isTrue();
    assertThat(bind("web: {listeners: []}").warmUp()).isTrue();
    assertThat(bind("web: {warm_up: false}").warmUp()).isFalse();
    assertThatThrownBy(() -> bind("web: {warm_up: perhaps}"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("n.yml:1:16");
  }

  @Test
  void rulesThatComeWithTheServerAreChosenByName() {
    assertThat(bind("").rules()).isEqualTo(RuleSettings.DEFAULT);
    assertThat(bind("rules: {ready_made: [node, jvm]}").rules().readyMade())
        .containsExactly("node", "jvm");
    assertThatThrownBy(() -> bind("rules: {ready: [node]}")).hasMessageContaining("ready");
  }

  @Test
  void dashboardsComeFromFoldersToo() {
    assertThat(bind("").dashboards()).isEqualTo(DashboardSettings.DEFAULT);
    DashboardSettings given =
        bind(
                "/etc/narthex/n.yml",
                "dashboards: {shipped: false, folders: [{path: a/../b, name: Team}, {path: /c/d}]}")
            .dashboards();
    assertThat(given.shipped()).isFalse();
    assertThat(given.folders())
        .extracting(f -> f.path() + " " + f.title())
        .containsExactly("/etc/narthex/b Team", "/c/d d");
    assertThatThrownBy(() -> bind("dashboards:\n  folders:\n  - name: Team\n"))
        .hasMessageContaining("n.yml:3:5: path is required");
    assertThatThrownBy(() -> bind("dashboards: {folders: [" + "{path: a},".repeat(51) + "]}"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("dashboards.folders has at most 50 entries, got 51");
    assertThatThrownBy(() -> bind("dashboards: {folders: [{path: \"a\\0b\"}]}"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("path cannot be one");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://loki.example/explore?a={labels.namespace}&from={start}&to={end}",
        "HTTPS://loki.example:3000/{labels.a.b}#{labels}",
        "/plugins/logs?{labels}"
      })
  void linksHaveAddressesWithPlaceholders(String url) {
    UiSettings.Links links =
        bind("ui: {links: {logs: {title: Logs, url: '" + url + "'}}}").ui().links();
    assertThat(links.logs()).isEqualTo(new UiSettings.Link("Logs", url));
    assertThat(links.trace()).isNull();
    assertThat(bind("").ui()).isEqualTo(UiSettings.DEFAULT);
  }

  @ParameterizedTest
  @CsvSource({
    "javascript:alert(1), must begin with http",
    "//evil.example/, must begin with http",
    "logs, must begin with http",
    "http:///x, needs a host",
    "http://{labels.host}/, needs a host",
    "http://a@b/, needs a host",
    "http://a/{label.x}, has the placeholder {label.x}",
    "http://a/{labels.}, has the placeholder {labels.}",
    "http://a/{x, brace without partner at 10",
    "http://a/}{start}, brace without partner at 10",
    "http://a/b c, has a blank",
    "http://a\\b, a backslash"
  })
  void linksThatCouldLeadElsewhereAreRefusedWithTheirPlace(String url, String reason) {
    assertThatThrownBy(
            () -> bind("ui:\n  links:\n    trace:\n      title: T\n      url: '" + url + "'\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("n.yml:5:12: url ")
        .hasMessageContaining(reason);
  }

  @Test
  void linksNeedATitleAndAreBounded() {
    assertThatThrownBy(() -> bind("ui: {links: {logs: {url: 'http://a/'}}}"))
        .hasMessageContaining("title is required");
    assertThatThrownBy(() -> bind("ui: {links: {metrics: {}}}")).hasMessageContaining("metrics");
    assertThatThrownBy(
            () -> bind("ui: {links: {logs: {title: a, url: 'http://a/" + "x".repeat(4096) + "'}}}"))
        .hasMessageContaining("url has at most 4096 characters, got 4105");
    assertThatThrownBy(
            () -> bind("ui: {links: {logs: {title: " + "x".repeat(101) + ", url: 'http://a/'}}}"))
        .hasMessageContaining("title has at most 100 characters, got 101");
  }

  @Test
  void pushesHaveSettings() {
    assertThat(bind("").push()).isEqualTo(PushSettings.DEFAULT);
    assertThat(bind("push: {consistency_check: false, max_groups: 7}").push())
        .isEqualTo(new PushSettings(false, false, false, 7, 64L << 20, 16L << 20, List.of()));
    assertThat(
            bind("push: {time_to_live: [{matchers: ['job=~\"cron.*\"'], ttl: 1h}]}")
                .push()
                .timeToLive())
        .containsExactly(
            new PushSettings.TimeToLive(List.of("job=~\"cron.*\""), Duration.ofHours(1)));
    for (String wrong : List.of("'job'", "'job=~\"(\"'")) {
      assertThatThrownBy(() -> bind("push: {time_to_live: [{matchers: [" + wrong + "], ttl: 1h}]}"))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("push.time_to_live");
    }
    assertThatThrownBy(() -> bind("push: {time_to_live: [{matchers: [a=b], ttl: 0s}]}"))
        .hasMessageContaining("ttl");
    assertThatThrownBy(() -> bind("push: {max_groups: 0}"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("n.yml:1:20");
  }

  @Test
  void listenersKeepTheirPlaces() {
    List<WebListener> listeners =
        bind(
                "/etc/narthex/n.yml",
                """
                web:
                  listeners:
                    - address: 0.0.0.0:9093
                      web_config_file: am-web.yml
                      serves: alertmanager
                      access: strict
                    - {address: '[::1]:9091', web_config_file: /x/web.yml}
                    - address: :9100
                """)
            .listeners();
    assertThat(listeners)
        .containsExactly(
            new WebListener(
                "0.0.0.0:9093",
                "/etc/narthex/am-web.yml",
                WebListener.Serves.ALERTMANAGER,
                AccessConfig.Mode.STRICT,
                "/etc/narthex/n.yml:3:16: web.listeners[0]"),
            new WebListener(
                "[::1]:9091",
                "/x/web.yml",
                WebListener.Serves.ALL,
                null,
                "/etc/narthex/n.yml:7:17: web.listeners[1]"),
            new WebListener(
                ":9100",
                "",
                WebListener.Serves.ALL,
                null,
                "/etc/narthex/n.yml:8:16: web.listeners[2]"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "web:", "web: {}", "web: {listeners: }", "web: {listeners: []}"})
  void thereAreNoFurtherListenersUnlessNamed(String yaml) {
    assertThat(bind(yaml).listeners()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "web: [a]|web must be a map, got something else at n.yml:1:6",
        "web: {listener: []}|n.yml:1:7: field listener not found; did you mean \"listeners\"?",
        "web: {listeners: [{serves: all}]}|address is required",
        "web: {listeners: [{address: '9093'}]}|n.yml:1:29: web.listeners[0].address: must be"
            + " host:port, got \"9093\"; for example 127.0.0.1:9093",
        "web: {listeners: [{address: 'a:1'}, {address: 'a:99999'}]}|n.yml:1:47:"
            + " web.listeners[1].address: must be host:port, got \"a:99999\"",
        "web: {listeners: [{address: 'a:1'}, {address: 'a:1'}]}|n.yml:1:47:"
            + " web.listeners[1].address: \"a:1\" is used by another entry already",
        "web: {listeners: [{address: 'a:1', serves: some}]}|serves must be one of all,"
            + " alertmanager, pushgateway, node_exporter, got \"some\"",
        "web: {listeners: [{address: 'a:1', access: open}]}|access must be one of compatible,"
            + " strict, got \"open\"",
        "web: {listeners: [{address: a:1},{address: a:2},{address: a:3},{address: a:4},"
            + "{address: a:5},{address: a:6},{address: a:7},{address: a:8},{address: a:9}]}|n.yml:1:18:"
            + " web.listeners has at most 8 entries, got 9",
      })
  void listenersThatCannotBeAreRefusedWithTheirPlace(String yaml, String message) {
    assertThatThrownBy(() -> bind(yaml))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }
}
