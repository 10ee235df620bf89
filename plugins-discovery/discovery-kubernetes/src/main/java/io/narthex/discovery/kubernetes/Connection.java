package io.narthex.discovery.kubernetes;

import io.narthex.json.tree.JsonTree;
import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.Secret;
import io.narthex.spi.plugin.HttpTransport.Authorization;
import io.narthex.spi.plugin.HttpTransport.BasicAuth;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import io.narthex.spi.plugin.HttpTransport.Request;
import io.narthex.spi.plugin.HttpTransport.Response;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * How the API server is reached: by address, by a kubeconfig file, or from within the cluster. The
 * kubeconfig is read for every request, token and CA files by the host. Thread-safe.
 */
final class Connection {
  /** Where a pod finds its service account, unless the system property says otherwise. */
  static Path account() {
    return Path.of(
        System.getProperty(
            "narthex.kubernetes.account", "/var/run/secrets/kubernetes.io/serviceaccount"));
  }

  private record Peer(String base, HttpSettings http) {}

  private final KubernetesConfig config;
  private final PluginContext context;
  private final Map<String, String> environment;
  private final Path account;

  Connection(
      KubernetesConfig config,
      PluginContext context,
      Map<String, String> environment,
      Path account) {
    this.config = config;
    this.context = context;
    this.environment = Map.copyOf(environment);
    this.account = account;
  }

  /** Sends a GET for a path with query. */
  Response get(String path, Duration timeout) throws IOException, InterruptedException {
    Peer peer = peer();
    String base = peer.base();
    GoUrl url;
    try {
      url =
          GoUrl.parseHttp(
              (base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + path);
    } catch (GoUrl.InvalidUrlException e) {
      throw new IOException(
          "address of the API server is not a URL, got \"" + base + "\": " + e.reason(), e);
    }
    Request request =
        new Request("GET", url, Map.of("Accept", "application/json"), null, timeout, null);
    return context.http().send(request, peer.http());
  }

  /** Returns the namespace this runs in. */
  String ownNamespace() throws IOException {
    return Files.readString(account.resolve("namespace")).strip();
  }

  private Peer peer() throws IOException {
    if (!config.apiServer().isEmpty()) {
      return new Peer(config.apiServer(), config.http());
    }
    if (!config.kubeconfigFile().isEmpty()) {
      return kubeconfig(Path.of(config.kubeconfigFile()));
    }
    String host = environment.get("KUBERNETES_SERVICE_HOST");
    String port = environment.get("KUBERNETES_SERVICE_PORT");
    if (host == null || port == null || host.isEmpty() || port.isEmpty()) {
      throw new IOException(
          "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and"
              + " KUBERNETES_SERVICE_PORT must be defined; or give api_server or kubeconfig_file");
    }
    String bracketed = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    return new Peer(
        "https://" + bracketed + ":" + port,
        settings(
            null,
            new Authorization("Bearer", null, account.resolve("token").toString()),
            new TlsSettings(
                "", account.resolve("ca.crt").toString(), "", "", null, "", "", false, "", "")));
  }

  private static HttpSettings settings(
      @Nullable BasicAuth basic, @Nullable Authorization authorization, TlsSettings tls) {
    return HttpSettings.DEFAULT.toBuilder()
        .basicAuth(basic)
        .authorization(authorization)
        .tlsConfig(tls)
        .build();
  }

  private static Peer kubeconfig(Path file) throws IOException {
    Object root;
    try {
      root = new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(file));
    } catch (YAMLException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
    String current = JsonTree.text(root, "current-context");
    Object chosen = named(root, "contexts", current, "context", file);
    Object cluster = named(root, "clusters", JsonTree.text(chosen, "cluster"), "cluster", file);
    String userName = JsonTree.text(chosen, "user");
    Object user = userName.isEmpty() ? null : named(root, "users", userName, "user", file);
    if (JsonTree.at(user, "exec") != null || JsonTree.at(user, "auth-provider") != null) {
      throw new IOException(
          file + ": user \"" + userName + "\" needs a credential program; use a token instead");
    }
    TlsSettings tls =
        new TlsSettings(
            data(cluster, "certificate-authority-data"),
            path(file, cluster, "certificate-authority"),
            data(user, "client-certificate-data"),
            path(file, user, "client-certificate"),
            secret(data(user, "client-key-data")),
            path(file, user, "client-key"),
            JsonTree.text(cluster, "tls-server-name"),
            Boolean.TRUE.equals(JsonTree.at(cluster, "insecure-skip-tls-verify")),
            "",
            "");
    String token = JsonTree.text(user, "token");
    String tokenFile = path(file, user, "tokenFile");
    Authorization authorization =
        token.isEmpty() && tokenFile.isEmpty()
            ? null
            : new Authorization("Bearer", tokenFile.isEmpty() ? secret(token) : null, tokenFile);
    String name = JsonTree.text(user, "username");
    BasicAuth basic =
        name.isEmpty()
            ? null
            : new BasicAuth(name, "", Secret.of(JsonTree.text(user, "password")), "");
    return new Peer(JsonTree.text(cluster, "server"), settings(basic, authorization, tls));
  }

  private static @Nullable Object named(
      @Nullable Object root, String list, String name, String key, Path file) throws IOException {
    for (Object item : JsonTree.list(root, list)) {
      if (JsonTree.text(item, "name").equals(name)) {
        return JsonTree.at(item, key);
      }
    }
    throw new IOException(file + ": " + list + " has no entry named \"" + name + "\"");
  }

  private static String data(@Nullable Object node, String key) {
    String text = JsonTree.text(node, key);
    return new String(Base64.getMimeDecoder().decode(text), StandardCharsets.UTF_8);
  }

  private static @Nullable Secret secret(String text) {
    return text.isEmpty() ? null : Secret.of(text);
  }

  private static String path(Path file, @Nullable Object node, String key) {
    String text = JsonTree.text(node, key);
    return text.isEmpty() ? "" : file.toAbsolutePath().resolveSibling(text).toString();
  }
}
