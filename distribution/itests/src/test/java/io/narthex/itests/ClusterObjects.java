package io.narthex.itests;

/** Objects of a Kubernetes cluster as its API shows them; {@code %RV} is their version. */
final class ClusterObjects {
  static final String NODES = "/api/v1/nodes";
  static final String SERVICES = "/api/v1/services";
  static final String PODS = "/api/v1/pods";
  static final String ENDPOINTS = "/api/v1/endpoints";
  static final String SLICES = "/apis/discovery.k8s.io/v1/endpointslices";
  static final String INGRESSES = "/apis/networking.k8s.io/v1/ingresses";

  private ClusterObjects() {}

  static String node(String name, String ip) {
    return """
    {"metadata":{"name":"%s","uid":"n-uid","resourceVersion":"%%RV",
      "labels":{"kubernetes.io/os":"linux"},"annotations":{"example.org/rack":"r1"}},
     "spec":{"podCIDR":"10.1.0.0/24","providerID":"aws:///zone/i-1"},
     "status":{"capacity":{"cpu":"4","memory":"16Gi"},
      "conditions":[{"type":"Ready","status":"True","lastHeartbeatTime":"2026-01-01T00:00:00Z"},
       {"type":"MemoryPressure","status":"False"},{"type":"NetworkUnavailable","status":"Unknown"}],
      "addresses":[{"type":"Hostname","address":"%s.local"},{"type":"InternalIP","address":"%s"}],
      "daemonEndpoints":{"kubeletEndpoint":{"Port":10250}}}}
    """
        .formatted(name, name, ip);
  }

  static String service(String name) {
    return """
    {"metadata":{"name":"%s","namespace":"shop","uid":"s-uid","resourceVersion":"%%RV",
      "labels":{"app":"web"},"annotations":{"prometheus.io/scrape":"true"}},
     "spec":{"type":"LoadBalancer","clusterIP":"10.96.0.7","loadBalancerIP":"198.51.100.7",
      "selector":{"app":"web"},
      "ports":[{"name":"http","port":80,"targetPort":8080,"protocol":"TCP"}]},
     "status":{"loadBalancer":{}}}
    """
        .formatted(name);
  }

  static String pod(String name, String ip) {
    return """
    {"metadata":{"name":"%s","namespace":"shop","uid":"p-uid","resourceVersion":"%%RV",
      "labels":{"app":"web"},"annotations":{"example.org/team":"a"},
      "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5d","uid":"r-uid",
       "controller":true,"blockOwnerDeletion":true}]},
     "spec":{"nodeName":"n1","containers":[{"name":"web","image":"web:1.2",
      "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"}]}]},
     "status":{"phase":"Running","podIP":"%s","podIPs":[{"ip":"%s"}],"hostIP":"192.0.2.1",
      "conditions":[{"type":"Ready","status":"True"}],
      "containerStatuses":[{"name":"web","containerID":"containerd://c1","ready":true}]}}
    """
        .formatted(name, ip, ip);
  }

  static String endpoints(String name, String ip) {
    return """
    {"metadata":{"name":"%s","namespace":"shop","uid":"e-uid","resourceVersion":"%%RV",
      "labels":{"app":"web"},"annotations":{"example.org/e":"1"}},
     "subsets":[{"ports":[{"name":"http","port":8080,"protocol":"TCP"}],
      "addresses":[{"ip":"%s","hostname":"h1","nodeName":"n1",
       "targetRef":{"kind":"Pod","namespace":"shop","name":"web-1","uid":"p-uid"}}]}]}
    """
        .formatted(name, ip);
  }

  static String slice(String name, String service, String ip) {
    return """
    {"metadata":{"name":"%s","namespace":"shop","uid":"x-uid","resourceVersion":"%%RV",
      "labels":{"kubernetes.io/service-name":"%s"},"annotations":{"example.org/x":"1"}},
     "addressType":"IPv4",
     "ports":[{"name":"http","port":8080,"protocol":"TCP","appProtocol":"http"}],
     "endpoints":[{"addresses":["%s"],"hostname":"h1","nodeName":"n1","zone":"z1",
      "conditions":{"ready":true,"serving":true,"terminating":false},
      "deprecatedTopology":{"topology.kubernetes.io/region":"eu"},
      "targetRef":{"kind":"Pod","namespace":"shop","name":"web-1","uid":"p-uid"}}]}
    """
        .formatted(name, service, ip);
  }

  static String ingress(String name, String host) {
    return """
    {"metadata":{"name":"%s","namespace":"shop","uid":"i-uid","resourceVersion":"%%RV",
      "labels":{"app":"web"},"annotations":{"example.org/i":"1"}},
     "spec":{"ingressClassName":"nginx","tls":[{"hosts":["%s"],"secretName":"cert"}],
      "rules":[{"host":"%s","http":{"paths":[{"path":"/shop","pathType":"Prefix",
       "backend":{"service":{"name":"web","port":{"number":80}}}}]}}]}}
    """
        .formatted(name, host, host);
  }
}
