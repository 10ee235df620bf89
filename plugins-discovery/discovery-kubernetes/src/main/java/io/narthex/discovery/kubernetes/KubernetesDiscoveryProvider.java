package io.narthex.discovery.kubernetes;

import io.narthex.discovery.kubernetes.KubernetesConfig.Selector;
import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.osgi.service.component.annotations.Component;

/** Offers the discovery type {@code kubernetes}. */
@Component(service = DiscoveryProvider.class)
public final class KubernetesDiscoveryProvider implements DiscoveryProvider<KubernetesConfig> {
  private static final Map<String, List<String>> SELECTORS =
      Map.of(
          "pod", List.of("pod", "node"),
          "service", List.of("service"),
          "endpointslice", List.of("pod", "service", "endpointslice"),
          "endpoints", List.of("pod", "service", "endpoints"),
          "node", List.of("node"),
          "ingress", List.of("ingress"));

  @Override
  public String type() {
    return "kubernetes";
  }

  @Override
  public Class<KubernetesConfig> configType() {
    return KubernetesConfig.class;
  }

  @Override
  public Discovery open(KubernetesConfig config, PluginContext context) {
    if (config.role().isEmpty()) {
      throw new ConfigException(
          "role missing (one of: pod, service, endpoints, endpointslice, node, ingress)");
    }
    List<String> allowed = SELECTORS.get(config.role());
    if (allowed == null) {
      throw new ConfigException("unknown Kubernetes SD role \"" + config.role() + "\"");
    }
    boolean server = !config.apiServer().isEmpty();
    boolean file = !config.kubeconfigFile().isEmpty();
    boolean own = config.namespaces().ownNamespace();
    boolean custom = !config.http().equals(HttpSettings.DEFAULT);
    if (server && file) {
      throw new ConfigException("cannot use 'kubeconfig_file' and 'api_server' simultaneously");
    }
    if (file && custom) {
      throw new ConfigException(
          "cannot use a custom HTTP client configuration together with 'kubeconfig_file'");
    }
    if (!server && custom) {
      throw new ConfigException(
          "to use custom HTTP client configuration please provide the 'api_server' URL explicitly");
    }
    if (server && own) {
      throw new ConfigException(
          "cannot use 'api_server' and 'namespaces.own_namespace' simultaneously");
    }
    if (file && own) {
      throw new ConfigException(
          "cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously");
    }
    Set<String> seen = new HashSet<>();
    for (Selector s : config.selectors()) {
      if (!seen.add(s.role())) {
        throw new ConfigException("duplicated selector role: " + s.role());
      }
      if (!allowed.contains(s.role())) {
        throw new ConfigException(
            config.role() + " role supports only " + String.join(", ", allowed) + " selectors");
      }
      checkFields(s.field());
      LabelSelectors.check(s.label());
    }
    if (server) {
      try {
        GoUrl unused = GoUrl.parseHttp(config.apiServer());
      } catch (GoUrl.InvalidUrlException e) {
        throw new ConfigException(
            "api_server: must be a URL with a host, got \""
                + config.apiServer()
                + "\": "
                + e.reason(),
            e);
      }
    }
    return new KubernetesDiscovery(
        config, new Connection(config, context, System.getenv(), Connection.account()), context);
  }

  private static void checkFields(String selector) {
    for (String term : selector.split(",", -1)) {
      if (!term.isEmpty() && term.indexOf('=') < 0) {
        throw new ConfigException(
            "invalid selector: '" + selector + "'; can't understand '" + term + "'");
      }
    }
  }
}
