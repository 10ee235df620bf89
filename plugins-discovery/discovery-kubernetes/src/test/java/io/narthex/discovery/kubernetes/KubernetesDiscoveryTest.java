package io.narthex.discovery.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.discovery.kubernetes.KubernetesConfig.AttachMetadata;
import io.narthex.discovery.kubernetes.KubernetesConfig.Namespaces;
import io.narthex.discovery.kubernetes.KubernetesConfig.Selector;
import io.narthex.model.TargetGroup;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.plugin.HttpTransport;
import io.narthex.spi.plugin.HttpTransport.Authorization;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.TestPluginContext;
import io.narthex.testkit.discovery.DiscoveryKit;
import io.narthex.testkit.notifier.PlainHttp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class KubernetesDiscoveryTest extends DiscoveryKit {
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final AttachMetadata NOTHING =
      new AttachMetadata(false, false, false, false, false);
  private static final String POD =
      """
      {"metadata":{"name":"web-1","namespace":"shop","uid":"u1","resourceVersion":"%RV",
        "labels":{"app.kubernetes.io/name":"web"},
        "ownerReferences":[{"kind":"ReplicaSet","name":"web-rs","controller":true}]},
       "spec":{"nodeName":"n1","containers":[{"name":"c","image":"web:1",
         "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"},
                  {"name":"metrics","containerPort":9090,"protocol":"TCP"}]}],
         "initContainers":[{"name":"i","image":"init:1"}]},
       "status":{"phase":"Running","podIP":"10.0.0.5","hostIP":"192.0.2.1",
         "conditions":[{"type":"Ready","status":"True"}],
         "containerStatuses":[{"name":"c","containerID":"containerd://x"}]}}
      """;
  private final ApiServer api;

  KubernetesDiscoveryTest() throws IOException {
    api = new ApiServer();
    api.put(Kind.NODE.path(""), "n1", node("n1", "a"));
    api.put(Kind.POD.path(""), "shop/web-1", POD);
    api.put(Kind.SERVICE.path(""), "shop/web", service("web"));
  }

  @AfterEach
  void stop() {
    api.close();
  }

  private static String node(String name, String zone) {
    return """
    {"metadata":{"name":"%s","resourceVersion":"%%RV","labels":{"zone":"%s"}},
     "spec":{"providerID":"p://1"},
     "status":{"addresses":[{"type":"Hostname","address":"h1"},
       {"type":"InternalIP","address":"192.0.2.1"}],
       "conditions":[{"type":"Ready","status":"True"}],
       "daemonEndpoints":{"kubeletEndpoint":{"Port":10250}}}}
    """
        .formatted(name, zone);
  }

  private static String service(String name) {
    return """
    {"metadata":{"name":"%s","namespace":"shop","resourceVersion":"%%RV",
      "annotations":{"prometheus.io/scrape":"true"}},
     "spec":{"type":"ClusterIP","clusterIP":"10.1.0.1",
       "ports":[{"name":"http","port":80,"protocol":"TCP"}]}}
    """
        .formatted(name);
  }

  @Override
  protected PluginContext context() {
    return new TestPluginContext(directory, clock, new PlainHttp());
  }

  @Override
  protected Discovery open(PluginContext context) {
    return open("node", NOTHING, List.of());
  }

  private Discovery open(String role, AttachMetadata attach, List<String> namespaces) {
    return open(config(api.url(), role, "", false, attach, namespaces));
  }

  private static KubernetesConfig config(
      String server,
      String role,
      String kubeconfig,
      boolean own,
      AttachMetadata attach,
      List<String> namespaces,
      Selector... selectors) {
    return new KubernetesConfig(
        server,
        role,
        kubeconfig,
        new Namespaces(own, namespaces),
        List.of(selectors),
        attach,
        HttpSettings.DEFAULT);
  }

  private Discovery open(KubernetesConfig config) {
    return new KubernetesDiscoveryProvider().open(config, context());
  }

  private static TargetGroup nodeGroup(String name, String zone) {
    return new TargetGroup(
        "node/" + name,
        Map.of(
            "__meta_kubernetes_node_name", name,
            "__meta_kubernetes_node_provider_id", "p://1",
            "__meta_kubernetes_node_label_zone", zone,
            "__meta_kubernetes_node_labelpresent_zone", "true",
            "__meta_kubernetes_node_condition_Ready", "true"),
        List.of(
            Map.of(
                "__address__", "192.0.2.1:10250",
                "instance", name,
                "__meta_kubernetes_node_address_Hostname", "h1",
                "__meta_kubernetes_node_address_InternalIP", "192.0.2.1")));
  }

  @Override
  protected List<TargetGroup> expected() {
    return List.of(nodeGroup("n1", "a"));
  }

  /** Returns labels of all targets, those of the group among them. */
  private List<Map<String, String>> found(Discovery discovery) throws InterruptedException {
    try (Running running = new Running(discovery)) {
      running.sink.await("targets", PATIENCE, () -> !running.sink.groups().isEmpty());
      TargetGroup group = running.sink.groups().get(0);
      return group.targets().stream()
          .map(t -> {
            Map<String, String> all = new HashMap<>(group.labels());
            all.putAll(t);
            return all;
          })
          .toList();
    }
  }

  @Test
  void changesBecomeTargetsSoonAndWatchesGoOn() throws Exception {
    try (Running running = new Running(open(context()))) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 1);
      api.put(Kind.NODE.path(""), "n2", node("n2", "b"));
      running.sink.await("a node", SOON, () -> running.sink.groups().size() == 2);
      api.put(Kind.NODE.path(""), "n2", node("n2", "c"));
      running.sink.await(
          "a label", SOON, () -> running.sink.groups().contains(nodeGroup("n2", "c")));
      long mark = api.bookmark(Kind.NODE.path(""));
      api.endWatches();
      String resumed =
          "/api/v1/nodes?watch=true&allowWatchBookmarks=true&timeoutSeconds=240&resourceVersion="
              + mark;
      running.sink.await("the watch to go on", SOON, () -> api.requests.contains(resumed));
      api.remove(Kind.NODE.path(""), "n1");
      running.sink.await(
          "one less", SOON, () -> running.sink.groups().equals(List.of(nodeGroup("n2", "c"))));
      long lists = api.requests.stream().filter(r -> !r.contains("watch=true")).count();
      assertThat(lists).isEqualTo(1);
      assertThat(running.sink.failures()).isEmpty();
    }
  }

  @Test
  void lostHistoryIsMadeUpByANewList() throws Exception {
    try (Running running = new Running(open(context()))) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 1);
      api.putUnseen(Kind.NODE.path(""), "n3", node("n3", "z"));
      running.sink.await("the node", SOON, () -> running.sink.groups().size() == 2);
      assertThat(api.requests).contains("/api/v1/nodes?resourceVersion=");
      api.goneByStatus();
      api.putUnseen(Kind.NODE.path(""), "n4", node("n4", "z"));
      running.sink.await("another node", SOON, () -> running.sink.groups().size() == 3);
      assertThat(running.sink.failures()).isEmpty();
    }
  }

  @Test
  void podHasOneTargetForEachPort() throws Exception {
    api.put(
        Kind.REPLICASET.path(""),
        "shop/web-rs",
        """
        {"metadata":{"name":"web-rs","namespace":"shop","resourceVersion":"%RV",
          "ownerReferences":[{"kind":"Deployment","name":"web","controller":true}]}}
        """);
    AttachMetadata all = new AttachMetadata(true, true, true, true, true);
    List<Map<String, String>> targets = found(open("pod", all, List.of()));
    assertThat(targets).hasSize(3);
    assertThat(targets.get(0))
        .containsEntry("__address__", "10.0.0.5:8080")
        .containsEntry("__meta_kubernetes_namespace", "shop")
        .containsEntry("__meta_kubernetes_pod_name", "web-1")
        .containsEntry("__meta_kubernetes_pod_uid", "u1")
        .containsEntry("__meta_kubernetes_pod_ready", "true")
        .containsEntry("__meta_kubernetes_pod_phase", "Running")
        .containsEntry("__meta_kubernetes_pod_host_ip", "192.0.2.1")
        .containsEntry("__meta_kubernetes_pod_label_app_kubernetes_io_name", "web")
        .containsEntry("__meta_kubernetes_pod_controller_kind", "ReplicaSet")
        .containsEntry("__meta_kubernetes_pod_deployment_name", "web")
        .containsEntry("__meta_kubernetes_pod_container_id", "containerd://x")
        .containsEntry("__meta_kubernetes_pod_container_init", "false")
        .containsEntry("__meta_kubernetes_pod_container_port_name", "http")
        .containsEntry("__meta_kubernetes_node_label_zone", "a");
    assertThat(targets.get(2))
        .containsEntry("__address__", "10.0.0.5")
        .containsEntry("__meta_kubernetes_pod_container_init", "true");
  }

  @Test
  void serviceHasOneTargetForEachPort() throws Exception {
    assertThat(found(open("service", NOTHING, List.of("shop"))))
        .singleElement()
        .satisfies(t ->
            assertThat(t)
                .containsEntry("__address__", "web.shop.svc:80")
                .containsEntry("__meta_kubernetes_service_cluster_ip", "10.1.0.1")
                .containsEntry(
                    "__meta_kubernetes_service_annotation_prometheus_io_scrape", "true"));
    assertThat(api.requests).contains("/api/v1/namespaces/shop/services?resourceVersion=0");
  }

  @Test
  void endpointsCarryWhatIsKnownOfServiceAndPod() throws Exception {
    api.put(
        Kind.ENDPOINTS.path(""),
        "shop/web",
        """
        {"metadata":{"name":"web","namespace":"shop","resourceVersion":"%RV"},
         "subsets":[{"ports":[{"name":"http","port":8080,"protocol":"TCP"}],
          "addresses":[{"ip":"10.0.0.5","nodeName":"n1",
            "targetRef":{"kind":"Pod","name":"web-1","namespace":"shop"}}],
          "notReadyAddresses":[{"ip":"10.0.0.6"}]}]}
        """);
    List<Map<String, String>> targets = found(open("endpoints", NOTHING, List.of()));
    assertThat(targets)
        .extracting(t -> t.get("__address__"))
        .containsExactly("10.0.0.5:8080", "10.0.0.6:8080", "10.0.0.5:9090");
    assertThat(targets.get(0))
        .containsEntry("__meta_kubernetes_endpoints_name", "web")
        .containsEntry("__meta_kubernetes_endpoint_ready", "true")
        .containsEntry("__meta_kubernetes_endpoint_address_target_name", "web-1")
        .containsEntry("__meta_kubernetes_service_name", "web")
        .containsEntry("__meta_kubernetes_pod_name", "web-1")
        .containsEntry("__meta_kubernetes_pod_container_port_name", "http");
    assertThat(targets.get(1)).containsEntry("__meta_kubernetes_endpoint_ready", "false");
  }

  /** The operator's service of the kubelets names nodes as targets, not as where something runs. */
  @Test
  void endpointsThatAreNodesCarryTheirLabels() throws Exception {
    api.put(
        Kind.ENDPOINTS.path(""),
        "kube-system/kubelet",
        """
        {"metadata":{"name":"kubelet","namespace":"kube-system","resourceVersion":"%RV"},
         "subsets":[{"ports":[{"name":"https","port":10250,"protocol":"TCP"}],
          "addresses":[
            {"ip":"192.168.0.1","targetRef":{"kind":"Node","name":"n1"}},
            {"ip":"192.168.0.2","targetRef":{"kind":"Node","name":"unknown"}},
            {"ip":"192.168.0.3","nodeName":"n1","targetRef":{"kind":"Node","name":"unknown"}},
            {"ip":"192.168.0.4","nodeName":"unknown"}]}]}
        """);
    api.put(
        Kind.ENDPOINTSLICE.path(""),
        "kube-system/kubelet-abc",
        """
        {"metadata":{"name":"kubelet-abc","namespace":"kube-system","resourceVersion":"%RV"},
         "addressType":"IPv4","ports":[{"port":10250}],
         "endpoints":[
           {"addresses":["192.168.0.1"],"targetRef":{"kind":"Node","name":"n1"}},
           {"addresses":["192.168.0.2"],"targetRef":{"kind":"Node","name":"unknown"}},
           {"addresses":["192.168.0.3"],"nodeName":"unknown","targetRef":{"kind":"Node","name":"n1"}},
           {"addresses":["192.168.0.4"],"nodeName":"unknown"}]}
        """);
    AttachMetadata nodes = new AttachMetadata(true, false, false, false, false);
    for (String role : List.of("endpoints", "endpointslice")) {
      List<Map<String, String>> targets = found(open(role, nodes, List.of()));
      assertThat(targets).hasSize(4);
      for (int i : new int[] {0, 2}) {
        assertThat(targets.get(i))
            .as("%s %s", role, i)
            .containsEntry("__meta_kubernetes_node_name", "n1")
            .containsEntry("__meta_kubernetes_node_label_zone", "a")
            .containsEntry("__meta_kubernetes_node_labelpresent_zone", "true");
      }
      for (int i : new int[] {1, 3}) {
        assertThat(targets.get(i).keySet())
            .as("%s %s", role, i)
            .noneMatch(name -> name.startsWith("__meta_kubernetes_node_"));
      }
    }
  }

  @Test
  void portsWithoutNumberAreZero() throws Exception {
    api.put(
        Kind.ENDPOINTS.path(""),
        "shop/odd",
        """
        {"metadata":{"name":"odd","namespace":"shop","resourceVersion":"%RV"},
         "subsets":[{"ports":[{"name":"x"}],"addresses":[{"ip":"10.0.0.22"}]}]}
        """);
    assertThat(found(open("endpoints", NOTHING, List.of())))
        .extracting(t -> t.get("__address__"))
        .containsExactly("10.0.0.22:0");
    api.put(
        Kind.ENDPOINTSLICE.path(""),
        "shop/odd-a",
        """
        {"metadata":{"name":"odd-a","namespace":"shop","resourceVersion":"%RV"},
         "ports":[{"name":"x"}],"endpoints":[{"addresses":["10.0.0.22"]}]}
        """);
    assertThat(found(open("endpointslice", NOTHING, List.of())))
        .extracting(t -> t.get("__address__"))
        .containsExactly("10.0.0.22");
  }

  @Test
  void anIngressRuleWithAnEmptyListOfPathsHasNoTarget() throws Exception {
    api.put(
        Kind.INGRESS.path(""),
        "shop/odd",
        """
        {"metadata":{"name":"odd","namespace":"shop","resourceVersion":"%RV"},
         "spec":{"rules":[{"host":"a","http":{"paths":[]}},{"host":"b"},{"host":"c","http":{}}]}}
        """);
    assertThat(found(open("ingress", NOTHING, List.of())))
        .extracting(t -> t.get("__address__"))
        .containsExactly("b");
  }

  @Test
  void endpointSlicesFollowTheirPods() throws Exception {
    api.put(
        Kind.ENDPOINTSLICE.path(""),
        "shop/web-abc",
        """
        {"metadata":{"name":"web-abc","namespace":"shop","resourceVersion":"%RV",
          "labels":{"kubernetes.io/service-name":"web"}},"addressType":"IPv4",
         "ports":[{"name":"http","port":8080,"protocol":"TCP"}],
         "endpoints":[{"addresses":["10.0.0.5"],"zone":"z1","nodeName":"n1",
           "conditions":{"ready":true,"serving":true,"terminating":false},
           "targetRef":{"kind":"Pod","name":"web-1","namespace":"shop"}}]}
        """);
    Discovery discovery = open("endpointslice", NOTHING, List.of());
    try (Running running = new Running(discovery)) {
      running.sink.await("targets", PATIENCE, () -> !running.sink.groups().isEmpty());
      TargetGroup group = running.sink.groups().get(0);
      assertThat(group.source()).isEqualTo("endpointslice/shop/web-abc");
      assertThat(group.labels())
          .containsEntry("__meta_kubernetes_endpointslice_address_type", "IPv4")
          .containsEntry("__meta_kubernetes_service_name", "web");
      assertThat(group.targets()).hasSize(2);
      assertThat(group.targets().get(0))
          .containsEntry("__meta_kubernetes_endpointslice_endpoint_conditions_ready", "true")
          .containsEntry("__meta_kubernetes_endpointslice_endpoint_zone", "z1")
          .containsEntry("__meta_kubernetes_pod_name", "web-1");
      api.remove(Kind.POD.path(""), "shop/web-1");
      running.sink.await(
          "the pod's part to go", SOON, () -> running.sink.groups().get(0).targets().size() == 1);
    }
  }

  @Test
  void ingressHasOneTargetForEachPath() throws Exception {
    api.put(
        Kind.INGRESS.path(""),
        "shop/in",
        """
        {"metadata":{"name":"in","namespace":"shop","resourceVersion":"%RV"},
         "spec":{"ingressClassName":"nginx","tls":[{"hosts":["*.example.com"]}],
          "rules":[{"host":"a.example.com","http":{"paths":[{"path":"/x"},{"path":"/y"}]}},
                   {"host":"b.example.org"}]}}
        """);
    List<Map<String, String>> targets = found(open("ingress", NOTHING, List.of()));
    assertThat(targets)
        .extracting(t ->
            t.get("__meta_kubernetes_ingress_scheme")
                + "://"
                + t.get("__address__")
                + t.get("__meta_kubernetes_ingress_path"))
        .containsExactly(
            "https://a.example.com/x", "https://a.example.com/y", "http://b.example.org/");
  }

  @Test
  void selectorsGoToTheServer() throws Exception {
    KubernetesConfig config =
        config(
            api.url(),
            "pod",
            "",
            false,
            NOTHING,
            List.of(),
            new Selector("pod", "app=web", "status.phase=Running"));
    assertThat(found(open(config))).isNotEmpty();
    assertThat(api.requests.get(0))
        .endsWith("&labelSelector=app%3Dweb&fieldSelector=status.phase%3DRunning");
  }

  @Test
  void kubeconfigNamesServerAndTokenFileIsReadAgain() throws Exception {
    Files.writeString(directory.resolve("token"), "one");
    Files.writeString(
        directory.resolve("kube"),
        """
        current-context: c
        contexts: [{name: c, context: {cluster: k, user: u}}]
        clusters: [{name: k, cluster: {server: '%s'}}]
        users: [{name: u, user: {tokenFile: token}}]
        """
            .formatted(api.url()));
    try (Running running =
        new Running(
            open(
                config(
                    "",
                    "node",
                    directory.resolve("kube").toString(),
                    false,
                    NOTHING,
                    List.of())))) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 1);
      Files.writeString(directory.resolve("token"), "two");
      api.forget();
      api.put(Kind.NODE.path(""), "n9", node("n9", "x"));
      running.sink.await("a node", SOON, () -> running.sink.groups().size() == 2);
    }
    assertThat(api.authorizations).contains("Bearer one", "Bearer two");
  }

  /** Keeps what it is asked and answers nothing. */
  private static final class Recorder implements HttpTransport {
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final List<HttpSettings> settings = new CopyOnWriteArrayList<>();

    @Override
    public Response send(Request request, HttpSettings with) throws IOException {
      requests.add(request);
      settings.add(with);
      throw new IOException("nobody is there");
    }
  }

  private Discovery inside(
      boolean own, Map<String, String> environment, Path account, HttpTransport http) {
    PluginContext context = new TestPluginContext(directory, clock, http);
    KubernetesConfig config = config("", "pod", "", own, NOTHING, List.of("more"));
    return new KubernetesDiscovery(
        config, new Connection(config, context, environment, account), context);
  }

  @Test
  void withinAClusterEnvironmentAndServiceAccountSayHow() throws Exception {
    Path account = Files.createDirectories(directory.resolve("account"));
    Files.writeString(account.resolve("namespace"), "shop\n");
    Recorder http = new Recorder();
    Map<String, String> environment =
        Map.of("KUBERNETES_SERVICE_HOST", "fd00::1", "KUBERNETES_SERVICE_PORT", "6443");
    try (Running running = new Running(inside(true, environment, account, http))) {
      running.sink.await("both namespaces", PATIENCE, () -> http.requests.size() >= 2);
    }
    assertThat(http.requests)
        .extracting(r -> r.url().toString())
        .contains(
            "https://[fd00::1]:6443/api/v1/namespaces/shop/pods?resourceVersion=0",
            "https://[fd00::1]:6443/api/v1/namespaces/more/pods?resourceVersion=0");
    HttpSettings settings = http.settings.get(0);
    assertThat(settings.authorization())
        .isEqualTo(new Authorization("Bearer", null, account.resolve("token").toString()));
    assertThat(settings.tlsConfig())
        .isNotNull()
        .satisfies(tls -> {
          assertThat(tls.caFile()).isEqualTo(account.resolve("ca.crt").toString());
          assertThat(tls.insecureSkipVerify()).isFalse();
        });
  }

  @Test
  void outsideAClusterItSaysWhatIsMissing() throws Exception {
    try (Running running = new Running(inside(false, Map.of(), directory, new Recorder()))) {
      running.sink.await("a failure", PATIENCE, () -> !running.sink.failures().isEmpty());
      assertThat(running.sink.failures().get(0))
          .contains("KUBERNETES_SERVICE_HOST")
          .contains("or give api_server or kubeconfig_file");
    }
  }

  @Test
  void interruptEndsWatchesAndLeavesNoThread() throws Exception {
    long interrupted;
    try (Running running = new Running(open(context()))) {
      running.sink.await("targets", PATIENCE, () -> running.sink.groups().size() == 1);
      interrupted = System.nanoTime();
    }
    assertThat(Duration.ofNanos(System.nanoTime() - interrupted)).isLessThan(Duration.ofSeconds(5));
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .noneMatch(n -> n.equals("test worker"));
  }

  @Test
  void refusesConfigurationsThatCannotWork() {
    String k = "kubeconfig";
    String s = "http://x";
    refuses(config(s, "vacation", "", false, NOTHING, List.of()), "unknown Kubernetes SD role");
    refuses(config(s, "", "", false, NOTHING, List.of()), "role missing");
    refuses(
        config(s, "pod", k, false, NOTHING, List.of()),
        "cannot use 'kubeconfig_file' and 'api_server' simultaneously");
    refuses(
        config(s, "pod", "", true, NOTHING, List.of()),
        "cannot use 'api_server' and 'namespaces.own_namespace' simultaneously");
    refuses(
        config("", "pod", k, true, NOTHING, List.of()),
        "cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously");
    refuses(
        config(s, "pod", "", false, NOTHING, List.of(), new Selector("pod", "a/b/c=d", "")),
        "invalid selector: 'a/b/c=d'; can't understand 'a/b/c=d'");
    Selector pod = new Selector("pod", "", "");
    refuses(
        config(s, "pod", "", false, NOTHING, List.of(), pod, pod), "duplicated selector role: pod");
    refuses(
        config(s, "endpoints", "", false, NOTHING, List.of(), new Selector("node", "", "")),
        "endpoints role supports only pod, service, endpoints selectors");
    refuses(
        config(
            s,
            "pod",
            "",
            false,
            NOTHING,
            List.of(),
            new Selector("pod", "", "metadata.status-Running")),
        "invalid selector: 'metadata.status-Running'; can't understand 'metadata.status-Running'");
  }

  private void refuses(KubernetesConfig config, String message) {
    assertThatThrownBy(() -> open(config))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }
}
