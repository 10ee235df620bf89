package io.narthex.discovery.dns;

import io.narthex.spi.config.Setting;
import java.time.Duration;
import java.util.List;

/** One entry of {@code dns_sd_configs}. */
public record DnsConfig(
    @Setting(
            help =
                "Names to look up, at least one; the search list applies to names without a trailing dot")
        List<String> names,
    @Setting(help = "Record type: SRV, A, AAAA, MX or NS", defaultValue = "SRV") String type,
    @Setting(help = "Port of the targets; required for all types but SRV", min = 0, max = 65535)
        int port,
    @Setting(help = "Time between look-ups", defaultValue = "30s", min = 0.001)
        Duration refreshInterval,
    @Setting(
            help = "DNS servers, host or host:port (default 53); empty = those of /etc/resolv.conf")
        List<String> nameservers) {
  /** Copies the lists. */
  public DnsConfig {
    names = List.copyOf(names);
    nameservers = List.copyOf(nameservers);
  }
}
