package io.narthex.discovery.kubernetes;

import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.util.List;

/** One entry of {@code kubernetes_sd_configs}. */
public record KubernetesConfig(
    @Setting(help = "Address of the API server; empty = the cluster this runs in") String apiServer,
    @Setting(help = "node, service, pod, endpoints, endpointslice or ingress; has to be given")
        String role,
    @Setting(
            help =
                "Kubeconfig file with server and credentials, instead of api_server and HTTP client keys")
        String kubeconfigFile,
    @Setting(help = "Namespaces to look in; none = all") Namespaces namespaces,
    @Setting(help = "What the API server selects, by role") List<Selector> selectors,
    @Setting(help = "Labels of related objects that are added") AttachMetadata attachMetadata,
    @Setting(inline = true) HttpSettings http) {
  /** Copies the list. */
  public KubernetesConfig {
    selectors = List.copyOf(selectors);
  }

  /** Namespaces to look in. */
  public record Namespaces(
      @Setting(help = "The namespace this runs in", defaultValue = "false") boolean ownNamespace,
      @Setting(help = "Names") List<String> names) {}

  /** Selects objects of one role. */
  public record Selector(
      @Setting(help = "Role") String role,
      @Setting(help = "Label selector") String label,
      @Setting(help = "Field selector") String field) {}

  /** What is added of related objects. */
  public record AttachMetadata(
      @Setting(help = "Labels of the node", defaultValue = "false") boolean node,
      @Setting(help = "Labels of the namespace", defaultValue = "false") boolean namespace,
      @Setting(help = "Name of the deployment", defaultValue = "false") boolean deployment,
      @Setting(help = "Name of the job", defaultValue = "false") boolean job,
      @Setting(help = "Name of the cron job", defaultValue = "false") boolean cronjob) {}
}
