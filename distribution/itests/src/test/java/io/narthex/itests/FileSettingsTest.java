package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.core.config.NarthexConfig;
import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.PrometheusConfig;
import io.narthex.service.config.ScrapeConfig;
import io.narthex.spi.config.Setting;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.exporter.ExporterProvider;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.storage.StorageProvider;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Every setting that names files says so, wherever it stands: the binder places the names. */
class FileSettingsTest {
  private final Set<String> unmarked = new TreeSet<>();

  private final Set<String> marked = new TreeSet<>();
  private final Set<Class<?>> seen = new HashSet<>();

  @Test
  void everyKeyOfAFileIsMarked() throws Exception {
    List<Class<?>> own =
        List.of(
            PrometheusConfig.class,
            ScrapeConfig.class,
            HttpSettings.class,
            NarthexConfig.class,
            AccessConfig.class,
            Class.forName("io.narthex.core.config.WebSection$Web"),
            Class.forName("io.narthex.core.config.OtherSections$Tracing"));
    own.forEach(this::walk);
    try (URLClassLoader loader = loader("kernel/services/http")) {
      walk(Class.forName("io.narthex.http.access.WebConfig", false, loader));
    }
    for (Path module : PluginReadmeTest.plugins()) {
      try (URLClassLoader loader = loader(module.toString())) {
        for (String name : PluginReadmeTest.providers(Tree.jar(module.toString()))) {
          switch (loader.loadClass(name).getDeclaredConstructor().newInstance()) {
            case DiscoveryProvider<?> p -> walk(p.configType());
            case ExporterProvider<?> p -> walk(p.configType());
            case StorageProvider<?> p -> walk(p.configType());
            case NotifierProvider<?, ?> p -> {
              walk(p.configType());
              walk(p.globalConfigType());
            }
            default -> {} // has no settings
          }
        }
      }
    }
    assertThat(unmarked).isEmpty();
    assertThat(marked)
        .contains(
            "BasicAuth.password_file",
            "BasicAuth.username_file",
            "Authorization.credentials_file",
            "HttpSettings.bearer_token_file",
            "OAuth2.client_secret_file",
            "HeaderValues.files",
            "TlsSettings.ca_file",
            "TlsSettings.cert_file",
            "TlsSettings.key_file",
            "PrometheusConfig.rule_files",
            "PrometheusConfig.scrape_config_files",
            "FileConfig.files",
            "KubernetesConfig.kubeconfig_file",
            "ModuleConfig.rules_file",
            "WebhookConfig.url_file");
  }

  private static URLClassLoader loader(String module) throws Exception {
    return new URLClassLoader(
        new URL[] {
          Tree.ROOT.resolve(module).resolve("target/classes").toUri().toURL(),
          Tree.jar(module).toUri().toURL()
        },
        FileSettingsTest.class.getClassLoader());
  }

  private void walk(Type type) {
    if (type instanceof ParameterizedType p) {
      for (Type argument : p.getActualTypeArguments()) {
        walk(argument);
      }
    } else if (type instanceof Class<?> c && c.isRecord() && seen.add(c)) {
      for (RecordComponent component : c.getRecordComponents()) {
        Setting setting = component.getAnnotation(Setting.class);
        if (setting != null) {
          String key = ConfigBinder.key(component, setting);
          if (setting.file() || key.matches("(.*_)?files?")) {
            (setting.file() ? marked : unmarked).add(c.getSimpleName() + "." + key);
          }
          walk(component.getGenericType());
        }
      }
    }
  }
}
