package io.narthex.discovery.dns;

import io.narthex.spi.config.Setting;
import java.time.Duration;
import java.util.List;

/** One entry of {@code dns_sd_configs}. */
public record DnsConfig(
    @Setting(
            help =
                "Names to look up, at least one; without a dot at the end the search list applies")
        List<String> names,
    @Setting(help = "SRV, A, AAAA, MX or NS", defaultValue = "SRV") String type,
    @Setting(help = "Port of the targets; all types but SRV need it", min = 0, max = 65535)
        int port,
    @Setting(help = "How often names are looked up", defaultValue = "30s", min = 0.001)
        Duration refreshInterval,
    @Setting(help = "Servers to ask, host or host:port; empty = those of /etc/resolv.conf")
        List<String> nameservers) {
  /** Copies the lists. */
  public DnsConfig {
    names = List.copyOf(names);
    nameservers = List.copyOf(nameservers);
  }
}
