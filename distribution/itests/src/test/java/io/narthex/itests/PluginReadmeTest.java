package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.config.settings.SettingsTable;
import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.core.settings.SettingsOf;
import io.narthex.service.plugins.PluginSettingsService.ProviderSettings;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.storage.StorageProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The tables of settings in the READMEs of the shipped plugins are made from the plugins' records.
 * With {@code -Dreadmes.write=true} this test writes them: {@code mvn -o package
 * -Dtest=PluginReadmeTest -Dreadmes.write=true -Dsurefire.failIfNoSpecifiedTests=false}.
 */
class PluginReadmeTest {
  private static final boolean WRITE = Boolean.getBoolean("readmes.write");
  private static final String BEGIN =
      "<!-- settings: made from the record, see PluginReadmeTest -->\n";
  private static final String END = "<!-- end of settings -->\n";
  private static final String REMEDY =
      "settings have changed; write the tables anew with -Dreadmes.write=true";
  private static final Path HTTP_CLIENT = Tree.ROOT.resolve("distribution/docs/http-client.md");
  private static final Pattern IMPLEMENTATION =
      Pattern.compile("<implementation class=\"([^\"]+)\"", 0);

  static List<Path> plugins() {
    List<Path> modules = new ArrayList<>();
    for (String family :
        List.of("plugins-discovery", "plugins-exporters", "plugins-notifiers", "plugins-storage")) {
      try (Stream<Path> children = Files.list(Tree.ROOT.resolve(family))) {
        children
            .filter(p -> Files.exists(p.resolve("pom.xml")) && Files.exists(Tree.jar(relative(p))))
            .sorted()
            .map(Tree.ROOT::relativize)
            .forEach(modules::add);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    assertThat(modules).as("built plugins").hasSizeGreaterThan(10);
    return modules;
  }

  private static String relative(Path module) {
    return Tree.ROOT.relativize(module).toString();
  }

  @ParameterizedTest
  @MethodSource("plugins")
  void readmeHasTheTableOfTheRecord(Path module) throws Exception {
    Path readme = Tree.ROOT.resolve(module).resolve("README.md");
    String text = Files.readString(readme);
    String wanted = BEGIN + "\n" + tables(module) + "\n" + END;
    if (WRITE) {
      Files.writeString(readme, replaced(text, wanted));
      return;
    }
    int from = text.indexOf(BEGIN);
    int to = text.indexOf(END);
    assertThat(from).as("%s has the marks of its table; %s", readme, REMEDY).isNotNegative();
    assertThat(text.substring(from, to + END.length())).as(REMEDY).isEqualTo(wanted);
  }

  @Test
  void httpClientHasItsTable() throws IOException {
    String wanted =
        """
        # HTTP client settings

        Plugins that speak HTTP take these keys: discoveries among their own, notifiers under `http_config`. What is
        read from a file is read again for every request.

        """
            + BEGIN
            + "\n"
            + SettingsTable.shared(HttpSettings.class)
            + "\n"
            + END;
    if (WRITE) {
      Files.writeString(HTTP_CLIENT, wanted);
    }
    assertThat(Files.readString(HTTP_CLIENT)).as(REMEDY).isEqualTo(wanted);
  }

  /** Returns the README with a new table: in its marks, or in place of its first table. */
  private static String replaced(String text, String table) {
    int from = text.indexOf(BEGIN);
    if (from >= 0) {
      return text.substring(0, from)
          + table
          + text.substring(text.indexOf(END, from) + END.length());
    }
    int first = text.indexOf("\n| ") + 1;
    assertThat(first).as("a README without table").isPositive();
    int after = first;
    while (text.startsWith("|", after)) {
      after = text.indexOf('\n', after) + 1;
    }
    return text.substring(0, first) + table + text.substring(after);
  }

  private static String tables(Path module) throws Exception {
    StringBuilder out = new StringBuilder();
    Path classes = Tree.ROOT.resolve(module).resolve("target/classes");
    String link = "../../distribution/docs/http-client.md";
    try (URLClassLoader loader =
        new URLClassLoader(
            new URL[] {classes.toUri().toURL(), Tree.jar(module.toString()).toUri().toURL()},
            PluginReadmeTest.class.getClassLoader())) {
      for (String name : providers(Tree.jar(module.toString()))) {
        Object service = loader.loadClass(name).getDeclaredConstructor().newInstance();
        ProviderSettings p = SettingsOf.provider(provider(service), link);
        out.append(out.isEmpty() ? "" : "\n").append('`').append(p.where()).append("`\n\n");
        out.append(p.table());
        if (p.globalTable() != null) {
          out.append("\nIn `global:` of `alertmanager.yml`:\n\n").append(p.globalTable());
        }
      }
    }
    return out.toString();
  }

  /** Returns the classes that a jar's component descriptions name. */
  static List<String> providers(Path jar) throws IOException {
    List<String> names = new ArrayList<>();
    try (java.util.zip.ZipFile zip = new java.util.zip.ZipFile(jar.toFile())) {
      for (var entry : java.util.Collections.list(zip.entries())) {
        if (entry.getName().startsWith("OSGI-INF/") && entry.getName().endsWith(".xml")) {
          Matcher m =
              IMPLEMENTATION.matcher(
                  new String(
                      zip.getInputStream(entry).readAllBytes(),
                      java.nio.charset.StandardCharsets.UTF_8));
          if (m.find()) {
            names.add(m.group(1));
          }
        }
      }
    }
    assertThat(names).as("providers in %s", jar).isNotEmpty();
    return names;
  }

  private static Provider provider(Object service) {
    return switch (service) {
      case DiscoveryProvider<?> p -> new Provider(Kind.DISCOVERY, p.type(), "shipped", p);
      case ExporterProvider<?> p -> new Provider(Kind.EXPORTER, p.type(), "shipped", p);
      case NotifierProvider<?, ?> p -> new Provider(Kind.NOTIFIER, p.type(), "shipped", p);
      case StorageProvider<?> p -> new Provider(Kind.STORAGE, p.type(), "shipped", p);
      default -> throw new IllegalStateException(service.getClass() + " is no provider");
    };
  }
}
