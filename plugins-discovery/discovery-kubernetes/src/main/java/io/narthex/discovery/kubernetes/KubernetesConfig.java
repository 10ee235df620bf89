package io.narthex.discovery.kubernetes;

import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.util.List;

/** One entry of {@code kubernetes_sd_configs}. */
public record KubernetesConfig(
    @Setting(help = "URL of the API server; empty = the cluster this server runs in")
        String apiServer,
    @Setting(
            help =
                "Kind of the targets: node, service, pod, endpoints, endpointslice or ingress; required")
        String role,
    @Setting(
            help =
                "Kubeconfig file with server and credentials, instead of api_server and HTTP client keys",
            file = true)
        String kubeconfigFile,
    @Setting(help = "Namespaces to watch; none = all") Namespaces namespaces,
    @Setting(help = "Selectors that the API server applies, at most one for each role")
        List<Selector> selectors,
    @Setting(help = "Related objects whose labels are added to targets")
        AttachMetadata attachMetadata,
    @Setting(inline = true) HttpSettings http) {
  /** Copies the list. */
  public KubernetesConfig {
    selectors = List.copyOf(selectors);
  }

  /** Namespaces to watch. */
  public record Namespaces(
      @Setting(
              help = "Whether the namespace this server runs in is one of them",
              defaultValue = "false")
          boolean ownNamespace,
      @Setting(help = "Names of namespaces") List<String> names) {}

  /** Selects objects of one role. */
  public record Selector(
      @Setting(help = "Role that they apply to: the block's own, or one it refers to") String role,
      @Setting(help = "Label selector; empty = none") String label,
      @Setting(help = "Field selector; empty = none") String field) {}

  /** What is added of related objects. */
  public record AttachMetadata(
      @Setting(help = "Whether labels of the node are added", defaultValue = "false") boolean node,
      @Setting(help = "Whether labels of the namespace are added", defaultValue = "false")
          boolean namespace,
      @Setting(help = "Whether the name of the deployment is added", defaultValue = "false")
          boolean deployment,
      @Setting(help = "Whether the name of the job is added", defaultValue = "false") boolean job,
      @Setting(help = "Whether the name of the cron job is added", defaultValue = "false")
          boolean cronjob) {}
}
