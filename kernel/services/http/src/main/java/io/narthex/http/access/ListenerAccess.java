package io.narthex.http.access;

import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.WebListener.Serves;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The access rules of a listener: its web configuration, its paths, and which requests need a
 * login. Tokens, sessions, roles and networks are those of the server. Thread-safe.
 */
public final class ListenerAccess {
  /** The attribute of requests that holds it. */
  static final String ATTRIBUTE = "io.narthex.listener";

  /** Paths without the route prefix of a listener that serves as Alertmanager, {@code /*} below. */
  private static final Set<String> ALERTMANAGER =
      Set.of(
          "",
          "/",
          "/metrics",
          "/-/healthy",
          "/-/ready",
          "/-/reload",
          // pages, and the other endpoints that they use
          "/alerts",
          "/groups",
          "/silences",
          "/login",
          "/api/v1/rules",
          "/api/v1/alerts",
          "/api/v1/notifications",
          "/api/v1/status/runtimeinfo",
          "/api/v1/status/walreplay",
          "/narthex/api/v1/session",
          "/narthex/api/v1/login",
          "/narthex/api/v1/logout");

  private static final Set<String> ALERTMANAGER_BELOW =
      Set.of("/api/v2/", "/assets/", "/narthex/api/v1/oidc/");

  /** The same of a listener that serves as Pushgateway. */
  private static final Set<String> PUSHGATEWAY =
      Set.of(
          "",
          "/",
          "/metrics",
          "/push/metrics",
          "/-/healthy",
          "/-/ready",
          "/-/quit",
          "/api/v1/metrics",
          "/api/v1/status",
          "/api/v1/admin/wipe");

  private static final Set<String> PUSHGATEWAY_BELOW = Set.of("/metrics/");

  /** The same of a listener that serves as node exporter. */
  private static final Set<String> NODE_EXPORTER = Set.of("", "/", "/metrics");

  private final WebConfigFile file;
  private final boolean warmUp;
  private volatile Settings settings;
  private volatile @Nullable AccessPolicy policy;

  private record Settings(Serves serves, AccessConfig.@Nullable Mode mode) {}

  /**
   * Creates one.
   *
   * @param mode null for that of the server
   */
  public ListenerAccess(WebConfigFile file, Serves serves, AccessConfig.@Nullable Mode mode) {
    this(file, serves, mode, false);
  }

  private ListenerAccess(
      WebConfigFile file, Serves serves, AccessConfig.@Nullable Mode mode, boolean warmUp) {
    this.file = file;
    this.warmUp = warmUp;
    settings = new Settings(serves, mode);
  }

  /** Creates that of the connection on which the server warms up: without web configuration. */
  public static ListenerAccess ofWarmUp() {
    return new ListenerAccess(
        new WebConfigFile(""), Serves.ALL, AccessConfig.Mode.COMPATIBLE, true);
  }

  /** Changes the settings that may change while connections are open. */
  public void set(Serves serves, AccessConfig.@Nullable Mode mode) {
    settings = new Settings(serves, mode);
    policy = null;
  }

  /** Returns the rules of the listener that accepted a request. */
  public static ListenerAccess of(HttpServletRequest request) {
    if (request.getAttribute(ATTRIBUTE) instanceof ListenerAccess a) {
      return a;
    }
    throw new IllegalStateException("a request has passed the guard by");
  }

  /** Returns its web configuration. */
  public WebConfigFile file() {
    return file;
  }

  /** Returns whether its requests are the server's own, which are not counted. */
  public boolean isWarmUp() {
    return warmUp;
  }

  /** Returns whether it answers as Alertmanager does. */
  public boolean isAlertmanager() {
    return settings.serves() == Serves.ALERTMANAGER;
  }

  /** Returns whether it answers as the Pushgateway does. */
  public boolean isPushgateway() {
    return settings.serves() == Serves.PUSHGATEWAY;
  }

  /** Returns whether it answers as the node exporter does. */
  public boolean isNodeExporter() {
    return settings.serves() == Serves.NODE_EXPORTER;
  }

  /** Returns whether it answers as another program than Prometheus does. */
  public boolean isOther() {
    return settings.serves() != Serves.ALL;
  }

  /**
   * Returns whether it has a path.
   *
   * @param path decoded, without dot segments and without the route prefix
   */
  boolean has(String path) {
    return switch (settings.serves()) {
      case ALL -> true;
      case ALERTMANAGER -> has(path, ALERTMANAGER, ALERTMANAGER_BELOW);
      case PUSHGATEWAY -> has(path, PUSHGATEWAY, PUSHGATEWAY_BELOW);
      case NODE_EXPORTER -> NODE_EXPORTER.contains(path);
    };
  }

  private static boolean has(String path, Set<String> paths, Set<String> below) {
    return paths.contains(path) || below.stream().anyMatch(path::startsWith);
  }

  /** Returns who may do what here; compiled when it has changed. */
  AccessPolicy policy(AccessConfig server) {
    AccessPolicy known = policy;
    AccessConfig.Mode mode = settings.mode();
    if (known == null || known.config() != server || known.override() != mode) {
      known = new AccessPolicy(server, mode);
      policy = known;
    }
    return known;
  }
}
