package io.narthex.discovery.kubernetes;

/** Kinds of objects that are watched, and their paths in the API. */
enum Kind {
  NODE("/api/v1", "nodes", false),
  NAMESPACE("/api/v1", "namespaces", false),
  SERVICE("/api/v1", "services", true),
  POD("/api/v1", "pods", true),
  ENDPOINTS("/api/v1", "endpoints", true),
  ENDPOINTSLICE("/apis/discovery.k8s.io/v1", "endpointslices", true),
  INGRESS("/apis/networking.k8s.io/v1", "ingresses", true),
  REPLICASET("/apis/apps/v1", "replicasets", true),
  JOB("/apis/batch/v1", "jobs", true);

  private final String group;
  private final String plural;
  private final boolean namespaced;

  Kind(String group, String plural, boolean namespaced) {
    this.group = group;
    this.plural = plural;
    this.namespaced = namespaced;
  }

  boolean namespaced() {
    return namespaced;
  }

  /** Returns the path of the list in a namespace; empty = all namespaces. */
  String path(String namespace) {
    return namespace.isEmpty() || !namespaced
        ? group + "/" + plural
        : group + "/namespaces/" + namespace + "/" + plural;
  }
}
