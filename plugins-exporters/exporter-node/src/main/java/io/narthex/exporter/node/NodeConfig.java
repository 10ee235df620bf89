package io.narthex.exporter.node;

import io.narthex.spi.config.Setting;
import java.util.List;

/** The block {@code exporters.node}. */
public record NodeConfig(
    @Setting(help = "Mount point of procfs", defaultValue = "/proc") String procfs,
    @Setting(help = "Mount point of sysfs", defaultValue = "/sys") String sysfs,
    @Setting(help = "Mount point of the host's root file system", defaultValue = "/") String rootfs,
    @Setting(help = "Folder of udev's database", defaultValue = "/run/udev/data") String udevData,
    @Setting(help = "Flags of node_exporter: --collector.x, --no-collector.x, --collector.x.y=z")
        List<String> flags) {
  /** Returns these settings with other flags. */
  NodeConfig withFlags(List<String> others) {
    return new NodeConfig(procfs, sysfs, rootfs, udevData, List.copyOf(others));
  }
}
