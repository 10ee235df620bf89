package io.narthex.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.Headers;
import io.narthex.discovery.consul.ConsulAgent;
import io.narthex.discovery.kubernetes.ApiServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Discovery plugins of the packed distribution follow what changes on stand-ins. */
class DiscoveriesIT {
  private static final String CONFIGURATION =
      """
      global: {scrape_interval: 500ms, scrape_timeout: 500ms}
      scrape_configs:
        - {job_name: consul, consul_sd_configs: [{server: 'CONSUL'}]}
        - {job_name: consul-named, consul_sd_configs: [{server: 'CONSUL', services: [db], tag_separator: ';'}]}
        - {job_name: http, http_sd_configs: [{url: 'LIST', refresh_interval: 200ms}]}
        - {job_name: node, kubernetes_sd_configs: [{role: node, api_server: 'CLUSTER'}]}
        - {job_name: service, kubernetes_sd_configs: [{role: service, api_server: 'CLUSTER'}]}
        - {job_name: pod, kubernetes_sd_configs: [{role: pod, api_server: 'CLUSTER'}]}
        - {job_name: endpoints, kubernetes_sd_configs: [{role: endpoints, api_server: 'CLUSTER'}]}
        - {job_name: endpointslice, kubernetes_sd_configs: [{role: endpointslice, api_server: 'CLUSTER'}]}
        - {job_name: ingress, kubernetes_sd_configs: [{role: ingress, api_server: 'CLUSTER'}]}
        - job_name: attached
          kubernetes_sd_configs:
            - role: pod
              api_server: 'CLUSTER'
              namespaces: {names: [shop]}
              attach_metadata: {node: true, namespace: true}
        - {job_name: inside, kubernetes_sd_configs: [{role: node}]}
        - {job_name: own, kubernetes_sd_configs: [{role: pod, namespaces: {own_namespace: true}}]}
      """;

  @TempDir private static Path folder = Path.of("");
  private static @Nullable ConsulAgent consul;
  private static @Nullable ApiServer cluster;
  private static @Nullable ApiServer inside;
  private static @Nullable ReceiverStandIn list;
  private static @Nullable MetricsStandIn metrics;
  private static @Nullable Server server;

  @BeforeAll
  static void start() throws Exception {
    Path account = Files.createDirectories(folder.resolve("account"));
    Files.writeString(account.resolve("token"), "first\n");
    Files.writeString(account.resolve("namespace"), "shop");
    metrics = new MetricsStandIn("stand_in 1\n");
    consul = new ConsulAgent();
    list = new ReceiverStandIn();
    cluster = new ApiServer();
    inside = new ApiServer(TlsFiles.create(folder, account.resolve("ca.crt")));
    inside().token("first");
    Files.writeString(
        folder.resolve("prometheus.yml"),
        CONFIGURATION
            .replace("CONSUL", consul().address())
            .replace("LIST", list().url("/targets"))
            .replace("CLUSTER", cluster().url()));
    server =
        Distribution.server(folder.resolve("data"))
            .with("--config.file=" + folder.resolve("prometheus.yml"))
            .environment("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            .environment("KUBERNETES_SERVICE_PORT", Integer.toString(inside().port()))
            .environment(
                "NARTHEX_JAVA_OPTS",
                Server.JAVA_OPTIONS + " -Dnarthex.kubernetes.account=" + account)
            .start();
  }

  @AfterAll
  static void stop() throws Exception {
    for (@Nullable AutoCloseable c :
        new @Nullable AutoCloseable[] {server, consul, cluster, inside, list, metrics}) {
      if (c != null) {
        c.close();
      }
    }
  }

  private static ConsulAgent consul() {
    return Objects.requireNonNull(consul);
  }

  private static ApiServer cluster() {
    return Objects.requireNonNull(cluster);
  }

  private static ApiServer inside() {
    return Objects.requireNonNull(inside);
  }

  private static ReceiverStandIn list() {
    return Objects.requireNonNull(list);
  }

  private static MetricsStandIn metrics() {
    return Objects.requireNonNull(metrics);
  }

  private static Server server() {
    return Objects.requireNonNull(server);
  }

  private static Targets targets(String job) {
    return new Targets(server(), job);
  }

  /** Returns an instance of a service as the Health API shows it. */
  private static String instance(String address, String port, String status) {
    return """
    [{"Node":{"ID":"40e4","Node":"n1","Address":"192.0.2.1","Datacenter":"dc1",
       "TaggedAddresses":{"lan":"192.0.2.1","wan":"198.51.100.1"},"Meta":{"rack-id":"r1"}},
      "Service":{"ID":"web-1","Service":"web","Tags":["prod","v2"],"Address":"%s","Port":%s,
       "Meta":{"version":"1.2"},"Weights":{"Passing":1,"Warning":1},"EnableTagOverride":false,
       "CreateIndex":12,"ModifyIndex":12},
      "Checks":[{"Node":"n1","CheckID":"serfHealth","Status":"passing","Output":"Agent alive"},
       {"Node":"n1","CheckID":"service:web-1","Status":"%s","ServiceID":"web-1"}]}]
    """
        .formatted(address, port, status);
  }

  @Test
  void consulServicesComeAndGoAtOnceWhateverTheRefreshInterval() {
    String[] real = metrics().address().split(":");
    Targets targets = targets("consul");
    // the service "consul" itself has no instances here
    targets.await();
    consul().put("web", "[\"prod\",\"v2\"]", instance(real[0], real[1], "passing"));
    targets.await(metrics().address());
    Map<String, String> expected = new TreeMap<>();
    expected.put("__meta_consul_address", "192.0.2.1");
    expected.put("__meta_consul_dc", "dc1");
    expected.put("__meta_consul_health", "passing");
    expected.put("__meta_consul_metadata_rack_id", "r1");
    expected.put("__meta_consul_node", "n1");
    expected.put("__meta_consul_service", "web");
    expected.put("__meta_consul_service_address", "127.0.0.1");
    expected.put("__meta_consul_service_id", "web-1");
    expected.put("__meta_consul_service_metadata_version", "1.2");
    expected.put("__meta_consul_service_port", real[1]);
    expected.put("__meta_consul_tagged_address_lan", "192.0.2.1");
    expected.put("__meta_consul_tagged_address_wan", "198.51.100.1");
    expected.put("__meta_consul_tags", ",prod,v2,");
    assertThat(meta(targets.discovered().getFirst(), "__meta_consul_")).isEqualTo(expected);
    Server.await("it to be up", () -> server().value("up{job=\"consul\"}") == 1);

    targets.soon(
        "a change of state",
        i ->
            consul()
                .put(
                    "web",
                    "[\"prod\",\"v2\"]",
                    instance(real[0], real[1], i % 2 == 0 ? "critical" : "warning")),
        i ->
            String.valueOf(targets.discovered().getFirst().get("__meta_consul_health"))
                .equals(i % 2 == 0 ? "critical" : "warning"));
    targets.soon(
        "a service",
        i -> consul().put("s" + i, "[]", instance("127.0.0.1", "1" + i, "passing")),
        i -> targets.addresses().contains("127.0.0.1:1" + i));
    targets.soon(
        "the end of a service",
        i -> {
          consul().remove("s" + i);
          consul().remove("s" + (i - 1));
        },
        i -> !targets.addresses().contains("127.0.0.1:1" + i));
    assertThat(consul().requests())
        .anyMatch(r -> r.matches("/v1/catalog/services\\?dc=dc1&stale=&index=\\d+&wait=120000ms"))
        .anyMatch(
            r -> r.matches("/v1/health/service/web\\?dc=dc1&stale=&index=\\d+&wait=120000ms"));
  }

  @Test
  void consulServiceThatIsNamedIsFollowedWithoutTheCatalog() {
    Targets targets = targets("consul-named");
    targets.soon(
        "a service",
        i -> consul().put("db", "[]", instance("", "543" + i, "passing")),
        i -> targets.addresses().equals(List.of("192.0.2.1:543" + i)));
    assertThat(targets.discovered().getFirst()).containsEntry("__meta_consul_tags", ";prod;v2;");
    consul().remove("db");
    targets.await();
  }

  /** An answer that is no list of targets. */
  private record Bad(int status, String type, String body) {}

  /** Sets what the list is answered with from now on. */
  private static void answer(int status, String type, String body) {
    list()
        .script("/targets", new ReceiverStandIn.Answer(status, Map.of("Content-Type", type), body));
  }

  private static String group(String address, String label) {
    return "[{\"targets\":[\"" + address + "\"],\"labels\":{\"rack\":\"" + label + "\"}}]";
  }

  @Test
  void httpListIsFollowedAndABadAnswerKeepsTheTargets() {
    Targets targets = targets("http");
    String json = "application/json; charset=utf-8";
    answer(200, json, group(metrics().address(), "r0"));
    targets.await(metrics().address());
    assertThat(meta(targets.discovered().getFirst(), "__meta_"))
        .isEqualTo(Map.of("__meta_url", list().url("/targets")));
    Server.await("it to be up", () -> server().value("up{job=\"http\",rack=\"r0\"}") == 1);
    Headers asked = list().received("/targets").getFirst().headers();
    assertThat(asked.getFirst("X-Prometheus-Refresh-Interval-Seconds")).isEqualTo("0.2");
    assertThat(asked.getFirst("Accept")).isEqualTo("application/json");

    targets.soon(
        "another target",
        i -> answer(200, json, group("127.0.0.1:2" + i, "r1")),
        i -> targets.addresses().equals(List.of("127.0.0.1:2" + i)));
    List<String> before = targets.addresses();
    String failed = "prometheus_sd_refresh_failures_total{mechanism=\"http\"}";
    for (Bad bad :
        List.of(
            new Bad(200, json, "[{\"targets\":[\"a:1\"]"),
            new Bad(200, json, "[{\"targets\":\"a:1\"}]"),
            new Bad(200, json, "{}"),
            new Bad(200, "text/html", group("a:1", "x")),
            new Bad(500, json, group("a:1", "x")))) {
      double failures = server().ownMetric(failed);
      answer(bad.status(), bad.type(), bad.body());
      Server.await("a failure to be counted", () -> server().ownMetric(failed) > failures + 1);
      assertThat(targets.addresses()).isEqualTo(before);
    }
    targets.soon(
        "the end of the fault",
        i -> answer(200, json, group("127.0.0.1:3" + i, "r1")),
        i -> targets.addresses().equals(List.of("127.0.0.1:3" + i)));
    answer(200, json, "[]");
    targets.await();
  }

  private static Map<String, String> meta(Map<String, String> labels, String prefix) {
    Map<String, String> found = new TreeMap<>(labels);
    found.keySet().removeIf(k -> !k.startsWith(prefix));
    return found;
  }

  private static void put(String role, String name, String ip) {
    switch (role) {
      case "node" -> cluster().put(ClusterObjects.NODES, name, ClusterObjects.node(name, ip));
      case "service" ->
          cluster().put(ClusterObjects.SERVICES, "shop/" + name, ClusterObjects.service(name));
      case "pod" ->
          cluster().put(ClusterObjects.PODS, "shop/" + name, ClusterObjects.pod(name, ip));
      case "endpoints" ->
          cluster()
              .put(ClusterObjects.ENDPOINTS, "shop/" + name, ClusterObjects.endpoints(name, ip));
      case "endpointslice" ->
          cluster()
              .put(ClusterObjects.SLICES, "shop/" + name, ClusterObjects.slice(name, name, ip));
      default ->
          cluster()
              .put(
                  ClusterObjects.INGRESSES,
                  "shop/" + name,
                  ClusterObjects.ingress(name, name + ".example.org"));
    }
  }

  private static void remove(String role, String name) {
    String path =
        switch (role) {
          case "node" -> ClusterObjects.NODES;
          case "service" -> ClusterObjects.SERVICES;
          case "pod" -> ClusterObjects.PODS;
          case "endpoints" -> ClusterObjects.ENDPOINTS;
          case "endpointslice" -> ClusterObjects.SLICES;
          default -> ClusterObjects.INGRESSES;
        };
    cluster().remove(path, role.equals("node") ? name : "shop/" + name);
  }

  /**
   * Each role: what its objects become, that changes are seen, and that a lost watch is made up.
   */
  @ParameterizedTest
  @CsvSource({
    "node, 192.0.2.NUMBER:10250",
    "service, NAME.shop.svc:80",
    "pod, 192.0.2.NUMBER:8080",
    "endpoints, 192.0.2.NUMBER:8080",
    "endpointslice, 192.0.2.NUMBER:8080",
    "ingress, NAME.example.org"
  })
  void kubernetesObjectsBecomeTargets(String role, String address) {
    Targets targets = targets(role);
    targets.soon(
        "an object",
        i -> put(role, "new-" + role + i, "192.0.2.5" + i),
        i -> targets.addresses().contains(is(address, "new-" + role + i, "5" + i)));
    targets.soon(
        "the end of an object",
        i -> {
          put(role, "old-" + role + i, "192.0.2.6" + i);
          Server.await(
              "the object",
              () -> targets.addresses().contains(is(address, "old-" + role + i, "6" + i)));
          remove(role, "old-" + role + i);
        },
        i -> !targets.addresses().contains(is(address, "old-" + role + i, "6" + i)));
    // what watches have missed comes with a new list
    cluster().forget();
    targets.soon(
        "an object after the history was lost",
        i -> put(role, "late-" + role + i, "192.0.2.7" + i),
        i -> targets.addresses().contains(is(address, "late-" + role + i, "7" + i)));
    for (String when : List.of("new-", "late-")) {
      for (int i = 0; i < 3; i++) {
        remove(role, when + role + i);
      }
    }
    targets.await();
  }

  private static String is(String address, String name, String number) {
    return address.replace("NAME", name).replace("NUMBER", number);
  }

  /** A target comes to have these labels: what belongs to it may arrive after it. */
  private static void carries(Targets targets, String address, Map<String, String> expected) {
    Awaitility.await(address)
        .atMost(Server.PATIENCE)
        .untilAsserted(
            () -> assertThat(kubernetes(targets, address)).as(address).isEqualTo(expected));
  }

  /** Returns the labels of the first target with an address, none without one. */
  private static Map<String, String> kubernetes(Targets targets, String address) {
    Map<String, String> out = new TreeMap<>();
    targets.discovered().stream()
        .filter(t -> address.equals(t.get("__address__")))
        .findFirst()
        .ifPresent(t ->
            meta(t, "__meta_kubernetes_")
                .forEach((name, value) -> out.put(name.substring(18), value)));
    return out;
  }

  private static Map<String, String> labels(String... namesAndValues) {
    Map<String, String> out = new TreeMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      out.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    return out;
  }

  private static final Map<String, String> NODE =
      labels(
          "node_name", "n1",
          "node_label_kubernetes_io_os", "linux",
          "node_labelpresent_kubernetes_io_os", "true",
          "node_annotation_example_org_rack", "r1",
          "node_annotationpresent_example_org_rack", "true");
  private static final Map<String, String> SERVICE =
      labels(
          "service_name", "all",
          "service_label_app", "web",
          "service_labelpresent_app", "true",
          "service_annotation_prometheus_io_scrape", "true",
          "service_annotationpresent_prometheus_io_scrape", "true");
  private static final Map<String, String> POD =
      labels(
          "pod_name", "web-1",
          "pod_ip", "203.0.113.5",
          "pod_uid", "p-uid",
          "pod_ready", "true",
          "pod_phase", "Running",
          "pod_node_name", "n1",
          "pod_host_ip", "192.0.2.1",
          "pod_controller_kind", "ReplicaSet",
          "pod_controller_name", "web-5d",
          "pod_label_app", "web",
          "pod_labelpresent_app", "true",
          "pod_annotation_example_org_team", "a",
          "pod_annotationpresent_example_org_team", "true",
          "pod_container_name", "web",
          "pod_container_id", "containerd://c1",
          "pod_container_image", "web:1.2",
          "pod_container_init", "false",
          "pod_container_port_name", "http",
          "pod_container_port_number", "8080",
          "pod_container_port_protocol", "TCP");

  @SafeVarargs
  private static Map<String, String> all(Map<String, String>... parts) {
    Map<String, String> out = new TreeMap<>();
    List.of(parts).forEach(out::putAll);
    return out;
  }

  @Test
  void kubernetesTargetsCarryEveryLabelOfTheirRole() {
    ApiServer api = cluster();
    api.put(ClusterObjects.NODES, "n1", ClusterObjects.node("n1", "203.0.113.1"));
    api.put(ClusterObjects.SERVICES, "shop/all", ClusterObjects.service("all"));
    api.put(ClusterObjects.PODS, "shop/web-1", ClusterObjects.pod("web-1", "203.0.113.5"));
    api.put(ClusterObjects.ENDPOINTS, "shop/all", ClusterObjects.endpoints("all", "203.0.113.5"));
    api.put(ClusterObjects.SLICES, "shop/x", ClusterObjects.slice("x", "all", "203.0.113.5"));
    api.put(ClusterObjects.INGRESSES, "shop/in", ClusterObjects.ingress("in", "in.example.net"));
    api.put(
        "/api/v1/namespaces",
        "shop",
        "{\"metadata\":{\"name\":\"shop\",\"resourceVersion\":\"%RV\",\"labels\":{\"team\":\"a\"},"
            + "\"annotations\":{\"owner\":\"b\"}}}");
    Map<String, String> namespace = labels("namespace", "shop");

    Targets nodes = targets("node");
    carries(
        nodes,
        "203.0.113.1:10250",
        all(
            NODE,
            labels(
                "node_provider_id", "aws:///zone/i-1",
                "node_condition_Ready", "true",
                "node_condition_MemoryPressure", "false",
                "node_condition_NetworkUnavailable", "unknown",
                "node_address_Hostname", "n1.local",
                "node_address_InternalIP", "203.0.113.1")));
    assertThat(nodes.discovered()).anyMatch(t -> "n1".equals(t.get("instance")));
    carries(
        targets("service"),
        "all.shop.svc:80",
        all(
            namespace,
            SERVICE,
            labels(
                "service_type", "LoadBalancer",
                "service_cluster_ip", "10.96.0.7",
                "service_loadbalancer_ip", "198.51.100.7",
                "service_port_name", "http",
                "service_port_number", "80",
                "service_port_protocol", "TCP")));
    carries(targets("pod"), "203.0.113.5:8080", all(namespace, POD));
    Targets attached = targets("attached");
    Map<String, String> attachedLabels =
        all(
            namespace,
            POD,
            NODE,
            labels(
                "namespace_label_team", "a",
                "namespace_labelpresent_team", "true",
                "namespace_annotation_owner", "b",
                "namespace_annotationpresent_owner", "true"));
    carries(attached, "203.0.113.5:8080", attachedLabels);
    carries(
        targets("endpoints"),
        "203.0.113.5:8080",
        all(
            namespace,
            SERVICE,
            POD,
            labels(
                "endpoints_name", "all",
                "endpoints_label_app", "web",
                "endpoints_labelpresent_app", "true",
                "endpoints_annotation_example_org_e", "1",
                "endpoints_annotationpresent_example_org_e", "true",
                "endpoint_hostname", "h1",
                "endpoint_node_name", "n1",
                "endpoint_ready", "true",
                "endpoint_port_name", "http",
                "endpoint_port_protocol", "TCP",
                "endpoint_address_target_kind", "Pod",
                "endpoint_address_target_name", "web-1")));
    carries(
        targets("endpointslice"),
        "203.0.113.5:8080",
        all(
            namespace,
            SERVICE,
            POD,
            labels(
                "endpointslice_name", "x",
                "endpointslice_label_kubernetes_io_service_name", "all",
                "endpointslice_labelpresent_kubernetes_io_service_name", "true",
                "endpointslice_annotation_example_org_x", "1",
                "endpointslice_annotationpresent_example_org_x", "true",
                "endpointslice_address_type", "IPv4",
                "endpointslice_address_target_kind", "Pod",
                "endpointslice_address_target_name", "web-1",
                "endpointslice_endpoint_conditions_ready", "true",
                "endpointslice_endpoint_conditions_serving", "true",
                "endpointslice_endpoint_conditions_terminating", "false",
                "endpointslice_endpoint_hostname", "h1",
                "endpointslice_endpoint_node_name", "n1",
                "endpointslice_endpoint_zone", "z1",
                "endpointslice_endpoint_topology_topology_kubernetes_io_region", "eu",
                "endpointslice_endpoint_topology_present_topology_kubernetes_io_region", "true",
                "endpointslice_port", "8080",
                "endpointslice_port_name", "http",
                "endpointslice_port_protocol", "TCP",
                "endpointslice_port_app_protocol", "http")));
    carries(
        targets("ingress"),
        "in.example.net",
        all(
            namespace,
            labels(
                "ingress_name", "in",
                "ingress_label_app", "web",
                "ingress_labelpresent_app", "true",
                "ingress_annotation_example_org_i", "1",
                "ingress_annotationpresent_example_org_i", "true",
                "ingress_class_name", "nginx",
                "ingress_scheme", "https",
                "ingress_host", "in.example.net",
                "ingress_path", "/shop")));
    for (String role : List.of("node", "service", "pod", "endpoints", "endpointslice", "ingress")) {
      String name =
          switch (role) {
            case "node" -> "n1";
            case "pod" -> "web-1";
            case "endpointslice" -> "x";
            case "ingress" -> "in";
            default -> "all";
          };
      remove(role, name);
      targets(role).await();
    }
  }

  @Test
  void withinAClusterTheServiceAccountOpensTheDoorAndItsTokenMayChange() throws Exception {
    inside().put(ClusterObjects.NODES, "n1", ClusterObjects.node("n1", "203.0.113.1"));
    inside().put(ClusterObjects.PODS, "shop/mine", ClusterObjects.pod("mine", "203.0.113.8"));
    inside().put(ClusterObjects.PODS, "other/his", ClusterObjects.pod("his", "203.0.113.9"));
    Targets targets = targets("inside");
    targets.await("203.0.113.1:10250");
    targets("own").await("203.0.113.8:8080");
    assertThat(inside().authorizations()).containsOnly("Bearer first");
    Files.writeString(folder.resolve("account/token"), "second");
    inside().token("second");
    inside().put(ClusterObjects.NODES, "n2", ClusterObjects.node("n2", "203.0.113.2"));
    targets.await("203.0.113.1:10250", "203.0.113.2:10250");
    assertThat(inside().authorizations()).contains("Bearer second");
    targets.soon(
        "a node",
        i ->
            inside()
                .put(ClusterObjects.NODES, "x" + i, ClusterObjects.node("x" + i, "192.0.2." + i)),
        i -> targets.addresses().contains("192.0.2." + i + ":10250"));
  }
}
