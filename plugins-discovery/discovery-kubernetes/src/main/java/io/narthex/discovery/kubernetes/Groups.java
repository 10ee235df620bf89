package io.narthex.discovery.kubernetes;

import io.narthex.model.TargetGroup;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes the target group of one object of a role. Confined to one thread. */
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

  /** Returns the primary objects whose groups another object may have a part in. */
  Set<String> concerned(Kind primary, Kind kind, String key) {
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
    return Json.text(slice, "metadata", "namespace")
        + "/"
        + Json.text(slice, "metadata", "labels", SERVICE_OF_SLICE);
  }

  /** Returns the group of an object; without targets when there is no such object. */
  TargetGroup group(Kind kind, String key) {
    Object object = objects.get(kind, key);
    String name = kind == Kind.SERVICE ? "svc" : kind.name().toLowerCase(Locale.ROOT);
    Map<String, String> labels = new LinkedHashMap<>();
    List<Map<String, String>> targets = new ArrayList<>();
    if (object != null) {
      String namespace = Json.text(object, "metadata", "namespace");
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
      into.put(prefix + "name", Json.text(object, "metadata", "name"));
    }
    Json.texts(object, "metadata", "labels")
        .forEach((k, v) -> {
          into.put(prefix + "label_" + clean(k), v);
          into.put(prefix + "labelpresent_" + clean(k), "true");
        });
    Json.texts(object, "metadata", "annotations")
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
    put(labels, "node_provider_id", Json.text(node, "spec", "providerID"));
    for (Object c : Json.list(node, "status", "conditions")) {
      put(
          labels,
          "node_condition_" + clean(Json.text(c, "type")),
          Json.text(c, "status").toLowerCase(Locale.ROOT));
    }
    Map<String, String> addresses = new LinkedHashMap<>();
    for (Object a : Json.list(node, "status", "addresses")) {
      addresses.putIfAbsent(Json.text(a, "type"), Json.text(a, "address"));
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
    String port = Json.text(node, "status", "daemonEndpoints", "kubeletEndpoint", "Port");
    Map<String, String> target = new LinkedHashMap<>();
    target.put(TargetGroup.ADDRESS, hostPort(address, port.isEmpty() ? "0" : port));
    target.put("instance", Json.text(node, "metadata", "name"));
    addresses.forEach((type, value) -> put(target, "node_address_" + clean(type), value));
    targets.add(target);
  }

  private static void service(
      Object service, Map<String, String> labels, List<Map<String, String>> targets) {
    meta(labels, "service", service, true);
    String type = Json.text(service, "spec", "type");
    String host =
        Json.text(service, "metadata", "name")
            + "."
            + Json.text(service, "metadata", "namespace")
            + ".svc";
    for (Object port : Json.list(service, "spec", "ports")) {
      Map<String, String> t = new LinkedHashMap<>();
      t.put(TargetGroup.ADDRESS, host + ":" + Json.text(port, "port"));
      put(t, "service_port_name", Json.text(port, "name"));
      put(t, "service_port_number", Json.text(port, "port"));
      put(t, "service_port_protocol", Json.text(port, "protocol"));
      put(t, "service_type", type);
      if (type.equals("ExternalName")) {
        put(t, "service_external_name", Json.text(service, "spec", "externalName"));
      } else {
        put(t, "service_cluster_ip", Json.text(service, "spec", "clusterIP"));
      }
      if (type.equals("LoadBalancer")) {
        put(t, "service_loadbalancer_ip", Json.text(service, "spec", "loadBalancerIP"));
      }
      targets.add(t);
    }
  }

  private static @Nullable Object controller(@Nullable Object object) {
    for (Object owner : Json.list(object, "metadata", "ownerReferences")) {
      if (Json.text(owner, "controller").equals("true")) {
        return owner;
      }
    }
    return null;
  }

  private void podLabels(Object pod, Map<String, String> into) {
    meta(into, "pod", pod, true);
    put(into, "pod_ip", Json.text(pod, "status", "podIP"));
    String ready = "unknown";
    for (Object c : Json.list(pod, "status", "conditions")) {
      if (Json.text(c, "type").equals("Ready")) {
        ready = Json.text(c, "status").toLowerCase(Locale.ROOT);
      }
    }
    put(into, "pod_ready", ready);
    put(into, "pod_phase", Json.text(pod, "status", "phase"));
    put(into, "pod_node_name", Json.text(pod, "spec", "nodeName"));
    put(into, "pod_host_ip", Json.text(pod, "status", "hostIP"));
    put(into, "pod_uid", Json.text(pod, "metadata", "uid"));
    Object owner = controller(pod);
    if (owner == null) {
      return;
    }
    String kind = Json.text(owner, "kind");
    String name = Json.text(owner, "name");
    put(into, "pod_controller_kind", kind);
    put(into, "pod_controller_name", name);
    String key = Json.text(pod, "metadata", "namespace") + "/" + name;
    if (kind.equals("ReplicaSet") && config.attachMetadata().deployment()) {
      Object above = controller(objects.get(Kind.REPLICASET, key));
      if (Json.text(above, "kind").equals("Deployment")) {
        put(into, "pod_deployment_name", Json.text(above, "name"));
      }
    }
    if (kind.equals("Job")) {
      if (config.attachMetadata().job()) {
        put(into, "pod_job_name", name);
      }
      Object above = controller(objects.get(Kind.JOB, key));
      if (config.attachMetadata().cronjob() && Json.text(above, "kind").equals("CronJob")) {
        put(into, "pod_cronjob_name", Json.text(above, "name"));
      }
    }
  }

  private void nodeLabels(String name, Map<String, String> into) {
    if (config.attachMetadata().node() && !name.isEmpty()) {
      put(into, "node_name", name);
      meta(into, "node", objects.get(Kind.NODE, name), true);
    }
  }

  /** A container; {@code init} ones run before the others. */
  private record Container(Object spec, boolean init, String id) {}

  private static List<Container> containers(Object pod) {
    Map<String, String> ids = new LinkedHashMap<>();
    for (String list : List.of("containerStatuses", "initContainerStatuses")) {
      for (Object s : Json.list(pod, "status", list)) {
        ids.put(Json.text(s, "name"), Json.text(s, "containerID"));
      }
    }
    List<Container> all = new ArrayList<>();
    for (Object c : Json.list(pod, "spec", "containers")) {
      all.add(new Container(c, false, ids.getOrDefault(Json.text(c, "name"), "")));
    }
    for (Object c : Json.list(pod, "spec", "initContainers")) {
      all.add(new Container(c, true, ids.getOrDefault(Json.text(c, "name"), "")));
    }
    return all;
  }

  private static void port(Map<String, String> into, Object port) {
    put(into, "pod_container_port_name", Json.text(port, "name"));
    put(into, "pod_container_port_number", Json.text(port, "containerPort"));
    put(into, "pod_container_port_protocol", Json.text(port, "protocol"));
  }

  private void pod(Object pod, Map<String, String> labels, List<Map<String, String>> targets) {
    String ip = Json.text(pod, "status", "podIP");
    if (ip.isEmpty()) {
      return;
    }
    podLabels(pod, labels);
    nodeLabels(Json.text(pod, "spec", "nodeName"), labels);
    for (Container c : containers(pod)) {
      Map<String, String> base = new LinkedHashMap<>();
      put(base, "pod_container_name", Json.text(c.spec(), "name"));
      put(base, "pod_container_id", c.id());
      put(base, "pod_container_image", Json.text(c.spec(), "image"));
      put(base, "pod_container_init", Boolean.toString(c.init()));
      List<?> ports = Json.list(c.spec(), "ports");
      if (ports.isEmpty()) {
        base.put(TargetGroup.ADDRESS, ip.indexOf(':') >= 0 ? "[" + ip + "]" : ip);
        targets.add(base);
      }
      for (Object p : ports) {
        Map<String, String> t = new LinkedHashMap<>(base);
        t.put(TargetGroup.ADDRESS, hostPort(ip, Json.text(p, "containerPort")));
        port(t, p);
        targets.add(t);
      }
    }
  }

  /** Adds the target with what is known of the pod behind it; returns that pod. */
  private @Nullable Object behind(
      Map<String, String> target, @Nullable Object reference, String namespace, String port) {
    if (!Json.text(reference, "kind").equals("Pod")) {
      return null;
    }
    String in = Json.text(reference, "namespace");
    Object pod =
        objects.get(Kind.POD, (in.isEmpty() ? namespace : in) + "/" + Json.text(reference, "name"));
    if (pod == null) {
      return null;
    }
    podLabels(pod, target);
    for (Container c : containers(pod)) {
      for (Object p : Json.list(c.spec(), "ports")) {
        if (!port.isEmpty() && Json.text(p, "containerPort").equals(port)) {
          container(target, c);
          port(target, p);
          return pod;
        }
      }
    }
    return pod;
  }

  private static void container(Map<String, String> into, Container c) {
    put(into, "pod_container_name", Json.text(c.spec(), "name"));
    put(into, "pod_container_id", c.id());
    put(into, "pod_container_image", Json.text(c.spec(), "image"));
    put(into, "pod_container_init", Boolean.toString(c.init()));
  }

  /** Adds the ports of pods behind a service that the service does not name. */
  private void otherPorts(Map<Object, Set<String>> seen, List<Map<String, String>> targets) {
    seen.forEach((pod, ports) -> {
      String ip = Json.text(pod, "status", "podIP");
      if (ip.isEmpty()) {
        return;
      }
      for (Container c : containers(pod)) {
        for (Object p : Json.list(c.spec(), "ports")) {
          if (!ports.contains(Json.text(p, "containerPort"))) {
            Map<String, String> t = new LinkedHashMap<>();
            t.put(TargetGroup.ADDRESS, hostPort(ip, Json.text(p, "containerPort")));
            container(t, c);
            port(t, p);
            podLabels(pod, t);
            nodeLabels(Json.text(pod, "spec", "nodeName"), t);
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
    String namespace = Json.text(endpoints, "metadata", "namespace");
    Map<Object, Set<String>> seen = new java.util.IdentityHashMap<>();
    for (Object subset : Json.list(endpoints, "subsets")) {
      for (Object port : Json.list(subset, "ports")) {
        for (String list : List.of("addresses", "notReadyAddresses")) {
          for (Object address : Json.list(subset, list)) {
            String number = Json.text(port, "port");
            Object reference = Json.at(address, "targetRef");
            Map<String, String> t = new LinkedHashMap<>();
            t.put(TargetGroup.ADDRESS, hostPort(Json.text(address, "ip"), number));
            put(t, "endpoint_port_name", Json.text(port, "name"));
            put(t, "endpoint_port_protocol", Json.text(port, "protocol"));
            put(t, "endpoint_ready", Boolean.toString(list.equals("addresses")));
            if (reference != null) {
              put(t, "endpoint_address_target_kind", Json.text(reference, "kind"));
              put(t, "endpoint_address_target_name", Json.text(reference, "name"));
            }
            putGiven(t, "endpoint_node_name", Json.text(address, "nodeName"));
            putGiven(t, "endpoint_hostname", Json.text(address, "hostname"));
            nodeLabels(Json.text(address, "nodeName"), t);
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
    put(labels, "endpointslice_address_type", Json.text(slice, "addressType"));
    meta(labels, "service", objects.get(Kind.SERVICE, serviceOfSlice(slice)), true);
    String namespace = Json.text(slice, "metadata", "namespace");
    Map<Object, Set<String>> seen = new java.util.IdentityHashMap<>();
    for (Object port : Json.list(slice, "ports")) {
      String number = Json.text(port, "port");
      for (Object e : Json.list(slice, "endpoints")) {
        for (Object address : Json.list(e, "addresses")) {
          String host = String.valueOf(address);
          Object reference = Json.at(e, "targetRef");
          Map<String, String> t = new LinkedHashMap<>();
          t.put(TargetGroup.ADDRESS, number.isEmpty() ? host : hostPort(host, number));
          putGiven(t, "endpointslice_port_name", Json.text(port, "name"));
          putGiven(t, "endpointslice_port_protocol", Json.text(port, "protocol"));
          putGiven(t, "endpointslice_port", number);
          putGiven(t, "endpointslice_port_app_protocol", Json.text(port, "appProtocol"));
          for (String condition : List.of("ready", "serving", "terminating")) {
            putGiven(
                t,
                "endpointslice_endpoint_conditions_" + condition,
                Json.text(e, "conditions", condition));
          }
          putGiven(t, "endpointslice_endpoint_hostname", Json.text(e, "hostname"));
          putGiven(t, "endpointslice_endpoint_node_name", Json.text(e, "nodeName"));
          putGiven(t, "endpointslice_endpoint_zone", Json.text(e, "zone"));
          if (reference != null) {
            put(t, "endpointslice_address_target_kind", Json.text(reference, "kind"));
            put(t, "endpointslice_address_target_name", Json.text(reference, "name"));
          }
          Json.texts(e, "deprecatedTopology")
              .forEach((k, v) -> {
                put(t, "endpointslice_endpoint_topology_" + clean(k), v);
                put(t, "endpointslice_endpoint_topology_present_" + clean(k), "true");
              });
          nodeLabels(Json.text(e, "nodeName"), t);
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
    putGiven(labels, "ingress_class_name", Json.text(ingress, "spec", "ingressClassName"));
    Set<String> tls = new HashSet<>();
    for (Object t : Json.list(ingress, "spec", "tls")) {
      Json.list(t, "hosts").forEach(h -> tls.add(String.valueOf(h)));
    }
    for (Object rule : Json.list(ingress, "spec", "rules")) {
      String host = Json.text(rule, "host");
      String parent = host.indexOf('.') < 0 ? "" : "*" + host.substring(host.indexOf('.'));
      boolean https = tls.contains(host) || tls.contains(parent);
      List<String> paths = new ArrayList<>();
      for (Object p : Json.list(rule, "http", "paths")) {
        String path = Json.text(p, "path");
        paths.add(path.isEmpty() ? "/" : path);
      }
      for (String path : paths.isEmpty() ? List.of("/") : paths) {
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
