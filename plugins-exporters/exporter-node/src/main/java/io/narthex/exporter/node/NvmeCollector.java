package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** NVMe controllers and their namespaces. */
final class NvmeCollector {
  private static final Pattern CONTROLLER = Pattern.compile("nvme[0-9]+", 0);
  private static final Pattern NAMESPACE = Pattern.compile("nvme[0-9]+(?:c[0-9]+)?n([0-9]+)", 0);

  private NvmeCollector() {}

  static void collect(Host host, Out out) throws IOException {
    for (Path controller : Host.list(host.sys.resolve("class/nvme"), CONTROLLER)) {
      String device = Host.name(controller);
      out.add(
          "node_nvme_info",
          1,
          "device",
          device,
          "firmware_revision",
          Host.textOrEmpty(controller.resolve("firmware_rev")),
          "model",
          Host.textOrEmpty(controller.resolve("model")),
          "serial",
          Host.textOrEmpty(controller.resolve("serial")),
          "state",
          Host.textOrEmpty(controller.resolve("state")),
          "cntlid",
          Host.textOrEmpty(controller.resolve("cntlid")));
      List<Path> namespaces = Host.list(controller, NAMESPACE);
      for (Path namespace : namespaces) {
        namespace(namespace, device, out);
      }
    }
    if (out.isEmpty()) {
      throw new NoData("no NVMe");
    }
  }

  private static void namespace(Path folder, String device, Out out) {
    Matcher m = NAMESPACE.matcher(Host.name(folder));
    Double block = Host.numberOrNull(folder.resolve("queue/logical_block_size"));
    if (!m.matches() || block == null) {
      return;
    }
    String[] labels = {"device", device, "nsid", m.group(1)};
    String ana = Host.textOrEmpty(folder.resolve("ana_state"));
    out.add(
        "node_nvme_namespace_info",
        1,
        "device",
        device,
        "nsid",
        m.group(1),
        "ana_state",
        ana.isEmpty() ? "unknown" : ana);
    out.add("node_nvme_namespace_logical_block_size_bytes", block, labels);
    Double size = Host.numberOrNull(folder.resolve("size"));
    if (size != null) {
      // sysfs counts sectors of 512 bytes; node_exporter multiplies by the block size all the same
      out.add("node_nvme_namespace_capacity_bytes", size * block, labels);
      out.add("node_nvme_namespace_size_bytes", size * block, labels);
    }
    Double used = Host.numberOrNull(folder.resolve("nuse"));
    if (used != null) {
      out.add("node_nvme_namespace_used_bytes", used * block, labels);
    }
  }
}
