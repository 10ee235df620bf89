package io.narthex.discovery.consul;

import io.narthex.json.tree.JsonTree;
import io.narthex.model.TargetGroup;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Turns the Health API's entries of a service into targets. */
final class ConsulTargets {
  private static final String META = "__meta_consul_";

  private ConsulTargets() {}

  /** Returns the group of a service; its source is the service's name. */
  static TargetGroup group(
      ConsulConfig config, String service, String datacenter, List<?> entries) {
    List<Map<String, String>> targets = new ArrayList<>();
    for (Object entry : entries) {
      targets.add(target(config, entry));
    }
    return new TargetGroup(
        service, Map.of(META + "service", service, META + "dc", datacenter), targets);
  }

  private static Map<String, String> target(ConsulConfig config, @Nullable Object entry) {
    String node = JsonTree.text(entry, "Node", "Address");
    String own = JsonTree.text(entry, "Service", "Address");
    String port = JsonTree.text(entry, "Service", "Port");
    String host = own.isEmpty() ? node : own;
    String separator = config.tagSeparator();
    StringBuilder tags = new StringBuilder(separator);
    for (Object tag : JsonTree.list(entry, "Service", "Tags")) {
      tags.append(tag).append(separator);
    }
    if (tags.length() == separator.length()) {
      tags.append(separator); // an empty list too has a separator at both ends
    }
    Map<String, String> t = new LinkedHashMap<>();
    t.put(
        TargetGroup.ADDRESS,
        (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + (port.isEmpty() ? "0" : port));
    t.put(META + "address", node);
    t.put(META + "node", JsonTree.text(entry, "Node", "Node"));
    t.put(META + "namespace", JsonTree.text(entry, "Service", "Namespace"));
    t.put(META + "partition", JsonTree.text(entry, "Service", "Partition"));
    t.put(META + "tags", tags.toString());
    t.put(META + "service_address", own);
    t.put(META + "service_port", port.isEmpty() ? "0" : port);
    t.put(META + "service_id", JsonTree.text(entry, "Service", "ID"));
    t.put(META + "health", health(JsonTree.list(entry, "Checks")));
    put(t, "metadata_", JsonTree.texts(entry, "Node", "Meta"));
    put(t, "service_metadata_", JsonTree.texts(entry, "Service", "Meta"));
    put(t, "tagged_address_", JsonTree.texts(entry, "Node", "TaggedAddresses"));
    return t;
  }

  private static void put(Map<String, String> into, String prefix, Map<String, String> values) {
    values.forEach((k, v) -> into.put(META + prefix + k.replaceAll("[^a-zA-Z0-9_]", "_"), v));
  }

  /** Returns the worst status of all checks; empty when one is unknown. */
  static String health(List<?> checks) {
    boolean critical = false;
    boolean warning = false;
    for (Object check : checks) {
      String id = JsonTree.text(check, "CheckID");
      if (id.equals("_node_maintenance") || id.startsWith("_service_maintenance:")) {
        return "maintenance";
      }
      switch (JsonTree.text(check, "Status")) {
        case "critical" -> critical = true;
        case "warning" -> warning = true;
        case "passing" -> {}
        default -> {
          return "";
        }
      }
    }
    return critical ? "critical" : warning ? "warning" : "passing";
  }
}
