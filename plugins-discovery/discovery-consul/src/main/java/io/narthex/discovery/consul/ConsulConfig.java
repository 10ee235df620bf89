package io.narthex.discovery.consul;

import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One entry of {@code consul_sd_configs}. */
public record ConsulConfig(
    @Setting(help = "Consul's host:port", defaultValue = "localhost:8500") String server,
    @Setting(help = "Path before /v1") String pathPrefix,
    @Setting(help = "ACL token") @Nullable Secret token,
    @Setting(help = "Datacenter; empty = the agent's") String datacenter,
    @Setting(help = "Namespace (Consul Enterprise)") String namespace,
    @Setting(help = "Admin partition (Consul Enterprise)") String partition,
    @Setting(help = "http or https", defaultValue = "http") String scheme,
    @Setting(help = "Deprecated: use basic_auth") String username,
    @Setting(help = "Deprecated: use basic_auth") @Nullable Secret password,
    @Setting(help = "Services wanted; empty = all") List<String> services,
    @Setting(help = "Expression of the Catalog API that services have to match") String filter,
    @Setting(help = "Expression of the Health API that instances have to match")
        String healthFilter,
    @Setting(help = "Tags a service has to have, all of them") List<String> tags,
    @Setting(help = "Metadata a node has to have") Map<String, String> nodeMeta,
    @Setting(help = "Stands between tags and at both ends of their list", defaultValue = ",")
        String tagSeparator,
    @Setting(help = "Whether followers may answer", defaultValue = "true") boolean allowStale,
    @Setting(
            help = "Time between requests when changes come thick and fast",
            defaultValue = "30s",
            min = 0.001)
        Duration refreshInterval,
    @Setting(inline = true) HttpSettings http) {
  /** Copies lists and maps. */
  public ConsulConfig {
    services = List.copyOf(services);
    tags = List.copyOf(tags);
    nodeMeta = Map.copyOf(nodeMeta);
  }
}
