package io.narthex.discovery.kubernetes;

import io.narthex.json.tree.JsonTree;
import io.narthex.model.TargetGroup;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Builds the target group of one object of a role. Confined to one thread. */
final class Groups {
  private static final String META = "__meta_kubernetes_";
  private static final String SERVICE_OF_SLICE = "kubernetes.io/service-name";
  private static final List<String> ADDRESS_ORDER =
      List.of("InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname");

  private final KubernetesConfig config;
  private final Objects objects;

  Groups(KubernetesConfig config, Objects objects) {
    this.config = config;
    this.objects = objects;
  }

  /** Returns the primary objects whose groups another object may affect. */
  Set<String> affected(Kind primary, Kind kind, String key) {
    boolean slices = primary == Kind.ENDPOINTSLICE;
    Set<String> found = new HashSet<>();
    for (String candidate : objects.keys(primary)) {
      Object object = objects.get(primary, candidate);
      boolean concerns =
          switch (kind) {
            case SERVICE -> slices ? key.equals(serviceOfSlice(object)) : key.equals(candidate);
            case POD -> sameNamespace(key, candidate);
            case NAMESPACE -> candidate.startsWith(key + "/");
            case REPLICASET, JOB -> sameNamespace(key, candidate);
            default -> true;
          };
      if (concerns) {
        found.add(candidate);
      }
    }
    return found;
  }

  private static boolean sameNamespace(String a, String b) {
    int slash = a.indexOf('/');
    return slash >= 0 && b.startsWith(a.substring(0, slash + 1));
  }

  private static String serviceOfSlice(@Nullable Object slice) {
    return JsonTree.text(slice, "metadata", "namespace")
        + "/"
        + JsonTree.text(slice, "metadata", "labels", SERVICE_OF_SLICE);
  }

  /** Returns the group of an object, without targets when the object does not exist. */
  TargetGroup group(Kind kind, String key) {
    Object object = objects.get(kind, key);
    String name = kind == Kind.SERVICE ? "svc" : kind.name().toLowerCase(Locale.ROOT);
    Map<String, String> labels = new LinkedHashMap<>();
    List<Map<String, String>> targets = new ArrayList<>();
    if (object != null) {
      String namespace = JsonTree.text(object, "metadata", "namespace");
      if (!namespace.isEmpty()) {
        labels.put(META + "namespace", namespace);
        if (config.attachMetadata().namespace()) {
          meta(labels, "namespace", objects.get(Kind.NAMESPACE, namespace), false);
        }
      }
      switch (kind) {
        case NODE -> node(object, labels, targets);
        case SERVICE -> service(object, labels, targets);
        case POD -> pod(object, labels, targets);
        case ENDPOINTS -> endpoints(object, labels, targets);
        case ENDPOINTSLICE -> slice(object, labels, targets);
        case INGRESS -> ingress(object, labels, targets);
        default -> throw new IllegalArgumentException("no role: " + kind);
      }
    }
    return new TargetGroup(name + "/" + key, labels, targets);
  }

  private static String clean(String name) {
    return name.replaceAll("[^a-zA-Z0-9_]", "_");
  }

  /** Adds name, labels and annotations of an object. */
  private static void meta(
      Map<String, String> into, String role, @Nullable Object object, boolean named) {
    if (object == null) {
      return;
    }
    String prefix = META + role + "_";
    if (named) {
      into.put(prefix + "name", JsonTree.text(object, "metadata", "name"));
    }
    JsonTree.texts(object, "metadata", "labels")
        .forEach((k, v) -> {
          into.put(prefix + "label_" + clean(k), v);
          into.put(prefix + "labelpresent_" + clean(k), "true");
        });
    JsonTree.texts(object, "metadata", "annotations")
        .forEach((k, v) -> {
          into.put(prefix + "annotation_" + clean(k), v);
          into.put(prefix + "annotationpresent_" + clean(k), "true");
        });
  }

  private static void put(Map<String, String> into, String name, String value) {
    into.put(META + name, value);
  }

  private static void putGiven(Map<String, String> into, String name, String value) {
    if (!value.isEmpty()) {
      into.put(META + name, value);
    }
  }

  private static String hostPort(String host, String port) {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  private static void node(
      Object node, Map<String, String> labels, List<Map<String, String>> targets) {
    meta(labels, "node", node, true);
    put(labels, "node_provider_id", JsonTree.text(node, "spec", "providerID"));
    for (Object c : JsonTree.list(node, "status", "conditions")) {
      put(
          labels,
          "node_condition_" + clean(JsonTree.text(c, "type")),
          JsonTree.text(c, "status").toLowerCase(Locale.ROOT));
    }
    Map<String, String> addresses = new LinkedHashMap<>();
    for (Object a : JsonTree.list(node, "status", "addresses")) {
      addresses.putIfAbsent(JsonTree.text(a, "type"), JsonTree.text(a, "address"));
    }
    String address = null;
    for (String type : ADDRESS_ORDER) {
      if (address == null) {
        address = addresses.get(type);
      }
    }
    if (address == null) {
      return;
    }
    String port = JsonTree.text(node, "status", "daemonEndpoints", "kubeletEndpoint", "Port");
    Map<String, String> target = new LinkedHashMap<>();
    target.put(TargetGroup.ADDRESS, hostPort(address, port.isEmpty() ? "0" : port));
    target.put("instance", JsonTree.text(node, "metadata", "name"));
    addresses.forEach((type, value) -> put(target, "node_address_" + clean(type), value));
    targets.add(target);
  }

  private static void service(
      Object service, Map<String, String> labels, List<Map<String, String>> targets) {
    meta(labels, "service", service, true);
    String type = JsonTree.text(service, "spec", "type");
    String host =
        JsonTree.text(service, "metadata", "name")
            + "."
            + JsonTree.text(service, "metadata", "namespace")
            + ".svc";
    for (Object port : JsonTree.list(service, "spec", "ports")) {
      Map<String, String> t = new LinkedHashMap<>();
      t.put(TargetGroup.ADDRESS, host + ":" + number(port, "port"));
      put(t, "service_port_name", JsonTree.text(port, "name"));
      put(t, "service_port_number", number(port, "port"));
      put(t, "service_port_protocol", JsonTree.text(port, "protocol"));
      put(t, "service_type", type);
      if (type.equals("ExternalName")) {
        put(t, "service_external_name", JsonTree.text(service, "spec", "externalName"));
      } else {
        put(t, "service_cluster_ip", JsonTree.text(service, "spec", "clusterIP"));
      }
      if (type.equals("LoadBalancer")) {
        put(t, "service_loadbalancer_ip", JsonTree.text(service, "spec", "loadBalancerIP"));
      }
      targets.add(t);
    }
  }

  private static @Nullable Object controller(@Nullable Object object) {
    for (Object owner : JsonTree.list(object, "metadata", "ownerReferences")) {
      if (JsonTree.text(owner, "controller").equals("true")) {
        return owner;
      }
    }
    return null;
  }

  private void podLabels(Object pod, Map<String, String> into) {
    meta(into, "pod", pod, true);
    put(into, "pod_ip", JsonTree.text(pod, "status", "podIP"));
    String ready = "unknown";
    for (Object c : JsonTree.list(pod, "status", "conditions")) {
      if (JsonTree.text(c, "type").equals("Ready")) {
        ready = JsonTree.text(c, "status").toLowerCase(Locale.ROOT);
      }
    }
    put(into, "pod_ready", ready);
    put(into, "pod_phase", JsonTree.text(pod, "status", "phase"));
    put(into, "pod_node_name", JsonTree.text(pod, "spec", "nodeName"));
    put(into, "pod_host_ip", JsonTree.text(pod, "status", "hostIP"));
    put(into, "pod_uid", JsonTree.text(pod, "metadata", "uid"));
    Object owner = controller(pod);
    if (owner == null) {
      return;
    }
    String kind = JsonTree.text(owner, "kind");
    String name = JsonTree.text(owner, "name");
    put(into, "pod_controller_kind", kind);
    put(into, "pod_controller_name", name);
    String key = JsonTree.text(pod, "metadata", "namespace") + "/" + name;
    if (kind.equals("ReplicaSet") && config.attachMetadata().deployment()) {
      Object above = controller(objects.get(Kind.REPLICASET, key));
      if (JsonTree.text(above, "kind").equals("Deployment")) {
        put(into, "pod_deployment_name", JsonTree.text(above, "name"));
      }
    }
    if (kind.equals("Job")) {
      if (config.attachMetadata().job()) {
        put(into, "pod_job_name", name);
      }
      Object above = controller(objects.get(Kind.JOB, key));
      if (config.attachMetadata().cronjob() && JsonTree.text(above, "kind").equals("CronJob")) {
        put(into, "pod_cronjob_name", JsonTree.text(above, "name"));
      }
    }
  }

  private void nodeLabels(String name, Map<String, String> into) {
    Object node = config.attachMetadata().node() ? objects.get(Kind.NODE, name) : null;
    if (node != null) {
      put(into, "node_name", name);
      meta(into, "node", node, true);
    }
  }

  /** Returns the node that an endpoint is, or else runs on; some services name nodes as targets. */
  private static String nodeOf(@Nullable Object reference, String nodeName) {
    return JsonTree.text(reference, "kind").equals("Node")
        ? JsonTree.text(reference, "name")
        : nodeName;
  }

  /** Returns a number of an object; one that is not given is 0, as in the original's types. */
  private static String number(Object port, String key) {
    String number = JsonTree.text(port, key);
    return number.isEmpty() ? "0" : number;
  }

  /** A container; {@code init} ones run before the others. */
  private record Container(Object spec, boolean init, String id) {}

  private static List<Container> containers(Object pod) {
    Map<String, String> ids = new LinkedHashMap<>();
    for (String list : List.of("containerStatuses", "initContainerStatuses")) {
      for (Object s : JsonTree.list(pod, "status", list)) {
        ids.put(JsonTree.text(s, "name"), JsonTree.text(s, "containerID"));
      }
    }
    List<Container> all = new ArrayList<>();
    for (Object c : JsonTree.list(pod, "spec", "containers")) {
      all.add(new Container(c, false, ids.getOrDefault(JsonTree.text(c, "name"), "")));
    }
    for (Object c : JsonTree.list(pod, "spec", "initContainers")) {
      all.add(new Container(c, true, ids.getOrDefault(JsonTree.text(c, "name"), "")));
    }
    return all;
  }

  private static void port(Map<String, String> into, Object port) {
    put(into, "pod_container_port_name", JsonTree.text(port, "name"));
    put(into, "pod_container_port_number", number(port, "containerPort"));
    put(into, "pod_container_port_protocol", JsonTree.text(port, "protocol"));
  }

  private void pod(Object pod, Map<String, String> labels, List<Map<String, String>> targets) {
    String ip = JsonTree.text(pod, "status", "podIP");
    if (ip.isEmpty()) {
      return;
    }
    podLabels(pod, labels);
    nodeLabels(JsonTree.text(pod, "spec", "nodeName"), labels);
    for (Container c : containers(pod)) {
      Map<String, String> base = new LinkedHashMap<>();
      put(base, "pod_container_name", JsonTree.text(c.spec(), "name"));
      put(base, "pod_container_id", c.id());
      put(base, "pod_container_image", JsonTree.text(c.spec(), "image"));
      put(base, "pod_container_init", Boolean.toString(c.init()));
      List<?> ports = JsonTree.list(c.spec(), "ports");
      if (ports.isEmpty()) {
        base.put(TargetGroup.ADDRESS, ip.indexOf(':') >= 0 ? "[" + ip + "]" : ip);
        targets.add(base);
      }
      for (Object p : ports) {
        Map<String, String> t = new LinkedHashMap<>(base);
        t.put(TargetGroup.ADDRESS, hostPort(ip, number(p, "containerPort")));
        port(t, p);
        targets.add(t);
      }
    }
  }

  /** Adds the labels of the pod behind a target to it; returns that pod, or null. */
  private @Nullable Object behind(
      Map<String, String> target, @Nullable Object reference, String namespace, String port) {
    if (!JsonTree.text(reference, "kind").equals("Pod")) {
      return null;
    }
    String in = JsonTree.text(reference, "namespace");
    Object pod =
        objects.get(
            Kind.POD, (in.isEmpty() ? namespace : in) + "/" + JsonTree.text(reference, "name"));
    if (pod == null) {
      return null;
    }
    podLabels(pod, target);
    for (Container c : containers(pod)) {
      for (Object p : JsonTree.list(c.spec(), "ports")) {
        if (!port.isEmpty() && number(p, "containerPort").equals(port)) {
          container(target, c);
          port(target, p);
          return pod;
        }
      }
    }
    return pod;
  }

  private static void container(Map<String, String> into, Container c) {
    put(into, "pod_container_name", JsonTree.text(c.spec(), "name"));
    put(into, "pod_container_id", c.id());
    put(into, "pod_container_image", JsonTree.text(c.spec(), "image"));
    put(into, "pod_container_init", Boolean.toString(c.init()));
  }

  /** Adds the ports of pods behind a service that the service does not name. */
  private void otherPorts(Map<Object, Set<String>> seen, List<Map<String, String>> targets) {
    seen.forEach((pod, ports) -> {
      String ip = JsonTree.text(pod, "status", "podIP");
      if (ip.isEmpty()) {
        return;
      }
      for (Container c : containers(pod)) {
        for (Object p : JsonTree.list(c.spec(), "ports")) {
          if (!ports.contains(number(p, "containerPort"))) {
            Map<String, String> t = new LinkedHashMap<>();
            t.put(TargetGroup.ADDRESS, hostPort(ip, number(p, "containerPort")));
            container(t, c);
            port(t, p);
            podLabels(pod, t);
            nodeLabels(JsonTree.text(pod, "spec", "nodeName"), t);
            targets.add(t);
          }
        }
      }
    });
  }

  private void endpoints(
      Object endpoints, Map<String, String> labels, List<Map<String, String>> targets) {
    meta(labels, "endpoints", endpoints, true);
    meta(labels, "service", objects.get(Kind.SERVICE, Objects.key(endpoints)), true);
    String namespace = JsonTree.text(endpoints, "metadata", "namespace");
    Map<Object, Set<String>> seen = new java.util.IdentityHashMap<>();
    for (Object subset : JsonTree.list(endpoints, "subsets")) {
      for (Object port : JsonTree.list(subset, "ports")) {
        for (String list : List.of("addresses", "notReadyAddresses")) {
          for (Object address : JsonTree.list(subset, list)) {
            String number = number(port, "port");
            Object reference = JsonTree.at(address, "targetRef");
            Map<String, String> t = new LinkedHashMap<>();
            t.put(TargetGroup.ADDRESS, hostPort(JsonTree.text(address, "ip"), number));
            put(t, "endpoint_port_name", JsonTree.text(port, "name"));
            put(t, "endpoint_port_protocol", JsonTree.text(port, "protocol"));
            put(t, "endpoint_ready", Boolean.toString(list.equals("addresses")));
            if (reference != null) {
              put(t, "endpoint_address_target_kind", JsonTree.text(reference, "kind"));
              put(t, "endpoint_address_target_name", JsonTree.text(reference, "name"));
            }
            putGiven(t, "endpoint_node_name", JsonTree.text(address, "nodeName"));
            putGiven(t, "endpoint_hostname", JsonTree.text(address, "hostname"));
            String node = JsonTree.text(address, "nodeName");
            nodeLabels(node.isEmpty() ? nodeOf(reference, "") : node, t);
            Object pod = behind(t, reference, namespace, number);
            if (pod != null) {
              seen.computeIfAbsent(pod, _ -> new HashSet<>()).add(number);
            }
            targets.add(t);
          }
        }
      }
    }
    otherPorts(seen, targets);
  }

  private void slice(Object slice, Map<String, String> labels, List<Map<String, String>> targets) {
    meta(labels, "endpointslice", slice, true);
    put(labels, "endpointslice_address_type", JsonTree.text(slice, "addressType"));
    meta(labels, "service", objects.get(Kind.SERVICE, serviceOfSlice(slice)), true);
    String namespace = JsonTree.text(slice, "metadata", "namespace");
    Map<Object, Set<String>> seen = new java.util.IdentityHashMap<>();
    for (Object port : JsonTree.list(slice, "ports")) {
      String number = JsonTree.text(port, "port");
      for (Object e : JsonTree.list(slice, "endpoints")) {
        for (Object address : JsonTree.list(e, "addresses")) {
          String host = String.valueOf(address);
          Object reference = JsonTree.at(e, "targetRef");
          Map<String, String> t = new LinkedHashMap<>();
          t.put(TargetGroup.ADDRESS, number.isEmpty() ? host : hostPort(host, number));
          putGiven(t, "endpointslice_port_name", JsonTree.text(port, "name"));
          putGiven(t, "endpointslice_port_protocol", JsonTree.text(port, "protocol"));
          putGiven(t, "endpointslice_port", number);
          putGiven(t, "endpointslice_port_app_protocol", JsonTree.text(port, "appProtocol"));
          for (String condition : List.of("ready", "serving", "terminating")) {
            putGiven(
                t,
                "endpointslice_endpoint_conditions_" + condition,
                JsonTree.text(e, "conditions", condition));
          }
          putGiven(t, "endpointslice_endpoint_hostname", JsonTree.text(e, "hostname"));
          putGiven(t, "endpointslice_endpoint_node_name", JsonTree.text(e, "nodeName"));
          putGiven(t, "endpointslice_endpoint_zone", JsonTree.text(e, "zone"));
          if (reference != null) {
            put(t, "endpointslice_address_target_kind", JsonTree.text(reference, "kind"));
            put(t, "endpointslice_address_target_name", JsonTree.text(reference, "name"));
          }
          JsonTree.texts(e, "deprecatedTopology")
              .forEach((k, v) -> {
                put(t, "endpointslice_endpoint_topology_" + clean(k), v);
                put(t, "endpointslice_endpoint_topology_present_" + clean(k), "true");
              });
          nodeLabels(nodeOf(reference, JsonTree.text(e, "nodeName")), t);
          Object pod = behind(t, reference, namespace, number);
          if (pod != null) {
            seen.computeIfAbsent(pod, _ -> new HashSet<>()).add(number);
          }
          targets.add(t);
        }
      }
    }
    otherPorts(seen, targets);
  }

  private static void ingress(
      Object ingress, Map<String, String> labels, List<Map<String, String>> targets) {
    meta(labels, "ingress", ingress, true);
    putGiven(labels, "ingress_class_name", JsonTree.text(ingress, "spec", "ingressClassName"));
    Set<String> tls = new HashSet<>();
    for (Object t : JsonTree.list(ingress, "spec", "tls")) {
      JsonTree.list(t, "hosts").forEach(h -> tls.add(String.valueOf(h)));
    }
    for (Object rule : JsonTree.list(ingress, "spec", "rules")) {
      String host = JsonTree.text(rule, "host");
      String parent = host.indexOf('.') < 0 ? "" : "*" + host.substring(host.indexOf('.'));
      boolean https = tls.contains(host) || tls.contains(parent);
      List<String> paths = new ArrayList<>();
      for (Object p : JsonTree.list(rule, "http", "paths")) {
        String path = JsonTree.text(p, "path");
        paths.add(path.isEmpty() ? "/" : path);
      }
      if (JsonTree.at(rule, "http") == null) {
        paths.add("/");
      }
      for (String path : paths) {
        Map<String, String> t = new LinkedHashMap<>();
        t.put(TargetGroup.ADDRESS, host);
        put(t, "ingress_scheme", https ? "https" : "http");
        put(t, "ingress_host", host);
        put(t, "ingress_path", path);
        targets.add(t);
      }
    }
  }
}
