package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.core.check.NamedFiles;
import io.narthex.core.config.PrometheusConfigLoader;
import io.narthex.core.host.DiscoveryHost;
import io.narthex.core.host.HostEnvironment;
import io.narthex.core.host.ProviderRegistry;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.service.config.AlertmanagerConfig;
import io.narthex.service.config.ConfigSnapshot;
import io.narthex.service.config.DiscoveryBlock;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.metrics.Metrics;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.testkit.Needs;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The rows of the configuration data that plugins judge, and those of {@code promtool check
 * config}: read by the loader, opened by the shipped plugins, checked as the command does.
 */
class PluginConfigConformanceTest {
  private static final String SUITE = "config-plugins";

  /** The shipped discoveries: type, module, class. */
  private static final List<String[]> PLUGINS =
      List.of(
          new String[] {"static", "statics.StaticDiscoveryProvider"},
          new String[] {"file", "file.FileDiscoveryProvider"},
          new String[] {"http", "http.HttpDiscoveryProvider"},
          new String[] {"kubernetes", "kubernetes.KubernetesDiscoveryProvider"});

  private static final Pattern ROWS = Pattern.compile("(kubernetes_|http_(url|token)_).*", 0);

  @TempDir private Path folder = Path.of("");

  @Test
  void pluginsJudgeTheirBlocksAsPrometheusDoes() throws Exception {
    Path data = Needs.shared("conformance/config");
    List<URLClassLoader> loaders = new ArrayList<>();
    DiscoveryHost host = host(loaders);
    List<String> failures = new ArrayList<>();
    int all = 0;
    for (String line : Files.readAllLines(data.resolve("MANIFEST.tsv"))) {
      String[] row = line.split("\t", -1);
      String stage = row[4];
      boolean asked =
          ROWS.matcher(row[0]).matches()
              || List.of("check_config", "file_sd", "static_config").contains(stage);
      if (!asked) {
        continue;
      }
      all++;
      String got = verdict(data.resolve(row[0]), stage, host);
      // texts that name types of the original: only the verdict counts
      boolean sameText = row[2].contains("in type ") || got.contains(row[2]);
      if (row[1].equals("ok") ? !got.isEmpty() : got.isEmpty() || !sameText) {
        failures.add(row[0] + ": got \"" + got + "\", want " + row[1] + " " + row[2]);
      }
    }
    host.close();
    for (URLClassLoader loader : loaders) {
      loader.close();
    }
    String line = "conformance " + SUITE + ": passed " + (all - failures.size()) + " of " + all;
    System.out.println(line);
    Path report = Tree.ROOT.resolve("distribution/itests/target/conformance/" + SUITE + ".txt");
    Files.createDirectories(report.getParent());
    Files.writeString(report, line + "\n");
    assertThat(failures).isEmpty();
    assertThat(all).isPositive();
  }

  private DiscoveryHost host(List<URLClassLoader> loaders) throws Exception {
    ProviderRegistry registry = new ProviderRegistry();
    for (String[] plugin : PLUGINS) {
      String module = "plugins-discovery/discovery-" + plugin[0];
      URLClassLoader loader = PluginJars.loader(module, folder);
      loaders.add(loader);
      Object service =
          loader.loadClass("io.narthex.discovery." + plugin[1]).getConstructor().newInstance();
      assertThat(service).isInstanceOf(DiscoveryProvider.class);
      registry.publish(module, List.of(new Provider(Kind.DISCOVERY, plugin[0], module, service)));
    }
    HostEnvironment environment =
        new HostEnvironment(
            Clock.systemUTC(),
            (request, settings) -> {
              throw new IOException("no network in tests");
            },
            folder.resolve("state"),
            nothing(Metrics.class));
    return new DiscoveryHost(environment, registry);
  }

  /** Returns metrics that nobody reads. */
  private static <T> T nothing(Class<T> type) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, args) ->
                method.getReturnType().isInterface() ? nothing(method.getReturnType()) : null));
  }

  /** Returns what is wrong with a file, or empty. */
  private String verdict(Path file, String stage, DiscoveryHost host) throws IOException {
    try {
      ConfigSnapshot snapshot = snapshot(config(file, stage));
      Map<String, List<DiscoveryBlock>> sets = new LinkedHashMap<>();
      snapshot
          .prometheus()
          .scrapeConfigs()
          .forEach(job -> sets.put("scrape/" + job.jobName(), job.discoveries()));
      host.check(sets, snapshot.prometheusFolder());
      if (!stage.equals("load")) {
        NamedFiles.check(snapshot, host);
      }
      return "";
    } catch (ConfigException e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** Returns the configuration that has a file judged. */
  private Path config(Path file, String stage) throws IOException {
    String discovery =
        switch (stage) {
          case "static_config" ->
              "  static_configs:\n  - " + Files.readString(file).indent(4).strip();
          case "file_sd" -> "  file_sd_configs:\n  - files: ['" + file + "']";
          default -> "";
        };
    String text = discovery.isEmpty() ? Files.readString(file) : "";
    if (text.startsWith("scrape_configs:") && !text.contains("job_name")) {
      // these files lack the name as well, which the loader says before a plugin is asked
      return Files.writeString(
          folder.resolve("named.yml"),
          text.replaceFirst("\n( *)- (http|kubernetes)_", "\n$1- job_name: a\n$1  $2_"));
    }
    if (discovery.isEmpty()) {
      return file;
    }
    return Files.writeString(
        folder.resolve("prometheus.yml"), "scrape_configs:\n- job_name: a\n" + discovery + "\n");
  }

  private static ConfigSnapshot snapshot(Path file) {
    PrometheusConfig config = new PrometheusConfigLoader(name -> null, false).load(file);
    Path parent = file.toAbsolutePath().getParent();
    return new ConfigSnapshot(
        config,
        "",
        parent == null ? Path.of("/") : parent,
        AlertmanagerConfig.none(),
        "",
        Path.of(""));
  }
}
