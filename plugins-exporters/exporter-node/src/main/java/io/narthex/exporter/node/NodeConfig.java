package io.narthex.exporter.node;

import io.narthex.spi.config.Setting;
import java.util.List;

/** The block {@code exporters.node}. */
public record NodeConfig(
    @Setting(help = "Where procfs is mounted", defaultValue = "/proc") String procfs,
    @Setting(help = "Where sysfs is mounted", defaultValue = "/sys") String sysfs,
    @Setting(help = "Where the host's file system is mounted", defaultValue = "/") String rootfs,
    @Setting(help = "Where udev keeps its data", defaultValue = "/run/udev/data") String udevData,
    @Setting(
            help =
                "Flags of node_exporter as they are: --collector.x, --no-collector.x, --collector.x.y=z")
        List<String> flags) {}
