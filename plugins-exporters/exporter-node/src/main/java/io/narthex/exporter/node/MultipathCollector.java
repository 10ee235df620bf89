package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** Device mapper devices with several paths to the same storage. */
final class MultipathCollector {
  private static final String PREFIX = "node_dmmultipath_";
  private static final Pattern MAPPED = Pattern.compile("dm-[0-9]+", 0);
  private static final double SECTOR = 512;

  private MultipathCollector() {}

  static void collect(Host host, Out out) throws IOException {
    Path block = host.sys.resolve("block");
    for (Path mapped : Host.list(block, MAPPED)) {
      String uuid = Host.textOrEmpty(mapped.resolve("dm/uuid"));
      if (uuid.startsWith("mpath-")) {
        device(host, mapped, uuid, out);
      }
    }
    if (out.isEmpty()) {
      throw new NoData("no multipath device");
    }
  }

  private static void device(Host host, Path mapped, String uuid, Out out) throws IOException {
    String name = Host.textOrEmpty(mapped.resolve("dm/name"));
    String[] labels = {"device", name, "sysfs_name", Host.name(mapped)};
    out.add(
        PREFIX + "device_info", 1, "device", name, "sysfs_name", Host.name(mapped), "uuid", uuid);
    String suspended = Host.textOrEmpty(mapped.resolve("dm/suspended"));
    out.add(PREFIX + "device_active", suspended.equals("0") ? 1 : 0, labels);
    out.add(
        PREFIX + "device_size_bytes",
        SystemCollectors.one(mapped.resolve("size")) * SECTOR,
        labels);
    List<Path> slaves = Host.list(mapped.resolve("slaves"));
    int active = 0;
    for (Path slave : slaves) {
      String path = Host.name(slave);
      String state =
          Host.textOrEmpty(host.sys.resolve("block").resolve(path).resolve("device/state"));
      if (state.isEmpty()) {
        state = "unknown";
      }
      // SCSI says running, NVMe says live
      active += state.equals("running") || state.equals("live") ? 1 : 0;
      out.add(PREFIX + "path_state", 1, "device", name, "path", path, "state", state);
    }
    out.add(PREFIX + "device_paths", slaves.size(), labels);
    out.add(PREFIX + "device_paths_active", active, labels);
    out.add(PREFIX + "device_paths_failed", slaves.size() - active, labels);
  }
}
