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
    @Setting(help = "Address of the Consul agent, host:port", defaultValue = "localhost:8500")
        String server,
    @Setting(help = "Path prefix of the API, before /v1") String pathPrefix,
    @Setting(help = "ACL token sent with every query") @Nullable Secret token,
    @Setting(help = "Datacenter to query; empty = the agent's") String datacenter,
    @Setting(help = "Namespace (Consul Enterprise)") String namespace,
    @Setting(help = "Admin partition (Consul Enterprise)") String partition,
    @Setting(help = "http or https", defaultValue = "http") String scheme,
    @Setting(help = "Deprecated: use basic_auth") String username,
    @Setting(help = "Deprecated: use basic_auth") @Nullable Secret password,
    @Setting(help = "Names of the services to discover; empty = all") List<String> services,
    @Setting(help = "Filter expression of the Catalog API for services; empty = none")
        String filter,
    @Setting(help = "Filter expression of the Health API for instances; empty = none")
        String healthFilter,
    @Setting(help = "Tags that a service must have, all of them") List<String> tags,
    @Setting(help = "Metadata that a node must have, all pairs") Map<String, String> nodeMeta,
    @Setting(help = "Separator in __meta_consul_tags, also at both ends", defaultValue = ",")
        String tagSeparator,
    @Setting(
            help = "Whether any server may answer, not only the leader (stale reads)",
            defaultValue = "true")
        boolean allowStale,
    @Setting(
            help = "Time between queries while changes never pause",
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
