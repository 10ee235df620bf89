package io.narthex.core.config;

import static io.narthex.core.config.Checks.error;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.relabel.NameScheme;
import io.narthex.service.config.PrometheusConfig.QueueConfig;
import io.narthex.service.config.PrometheusConfig.RemoteRead;
import io.narthex.service.config.PrometheusConfig.RemoteWrite;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The sections {@code remote_write} and {@code remote_read}. */
final class RemoteConfigs {
  private static final List<String> MESSAGES =
      List.of("prometheus.WriteRequest", "io.prometheus.write.v2.Request");

  private RemoteConfigs() {}

  static List<RemoteWrite> writes(Mapping top, NameScheme scheme) {
    List<RemoteWrite> out = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Mapping node : blocks(top, "remote_write")) {
      requireUrl(node, "remote_write");
      RemoteWrite w = write(node, scheme);
      if (!w.name().isEmpty() && !names.add(w.name())) {
        throw error(node, "found multiple remote write configs with job name \"" + w.name() + "\"");
      }
      out.add(w);
    }
    return List.copyOf(out);
  }

  static List<RemoteRead> reads(Mapping top) {
    List<RemoteRead> out = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Mapping node : blocks(top, "remote_read")) {
      requireUrl(node, "remote_read");
      RemoteRead r = ConfigBinder.bind(node, RemoteRead.class);
      if (!r.name().isEmpty() && !names.add(r.name())) {
        throw error(node, "found multiple remote read configs with job name \"" + r.name() + "\"");
      }
      Checks.headers(r.headers(), Checks.placeOf(node, "headers", node));
      HttpClientChecks.url(r.url(), Checks.placeOf(node, "url", node));
      HttpClientChecks.check(r.http(), node);
      out.add(r);
    }
    return List.copyOf(out);
  }

  private static List<Mapping> blocks(Mapping top, String key) {
    ConfigNode list = top.get(key);
    if (list == null || Checks.isNull(list)) {
      return List.of();
    }
    if (!(list instanceof Sequence sequence)) {
      throw error(list, key + " must be a list");
    }
    List<Mapping> blocks = new ArrayList<>();
    for (ConfigNode item : sequence.items()) {
      if (!(item instanceof Mapping block)) {
        throw error(item, "expected a map in " + key);
      }
      blocks.add(block);
    }
    return blocks;
  }

  private static void requireUrl(Mapping node, String section) {
    ConfigNode url = node.get("url");
    if (Checks.isNull(url) || (url instanceof Scalar s && s.text().isEmpty())) {
      throw error(url == null ? node : url, "url for " + section + " is empty");
    }
  }

  private static RemoteWrite write(Mapping node, NameScheme scheme) {
    RemoteWrite w = ConfigBinder.bind(node, RemoteWrite.class);
    Checks.headers(w.headers(), Checks.placeOf(node, "headers", node));
    HttpClientChecks.url(w.url(), Checks.placeOf(node, "url", node));
    HttpClientChecks.check(w.http(), node);
    oneWayToAuthenticate(w, node);
    Checks.relabelling(w.writeRelabelConfigs(), node, "write_relabel_configs", scheme);
    if (!MESSAGES.contains(w.protobufMessage())) {
      throw error(
          Checks.placeOf(node, "protobuf_message", node),
          "invalid protobuf_message value: unknown type for remote write protobuf message "
              + w.protobufMessage()
              + ", supported: "
              + String.join(", ", MESSAGES));
    }
    queue(w.queueConfig(), Checks.placeOf(node, "queue_config", node));
    return node.get("enable_http2") == null ? withoutHttp2(w) : w;
  }

  private static void oneWayToAuthenticate(RemoteWrite w, ConfigNode at) {
    List<String> ways = new ArrayList<>();
    if (w.http().basicAuth() != null) {
      ways.add("basic_auth");
    }
    if (w.http().authorization() != null) {
      ways.add("authorization");
    }
    if (w.http().oauth2() != null) {
      ways.add("oauth2");
    }
    if (!Checks.isNull(w.sigv4())) {
      ways.add("sigv4");
    }
    if (!Checks.isNull(w.azuread())) {
      ways.add("azuread");
    }
    if (!Checks.isNull(w.googleIam())) {
      ways.add("google_iam");
    }
    if (ways.size() > 1) {
      throw error(
          at,
          "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured. Currently configured: "
              + Checks.list(ways));
    }
  }

  private static void queue(QueueConfig q, ConfigNode at) {
    String problem = null;
    if (q.capacity() <= 0) {
      problem = "capacity must be positive";
    } else if (q.maxShards() <= 0) {
      problem = "max_shards must be positive";
    } else if (q.minShards() <= 0) {
      problem = "min_shards must be positive";
    } else if (q.minShards() > q.maxShards()) {
      problem = "min_shards must not be greater than max_shards";
    } else if (q.maxSamplesPerSend() <= 0) {
      problem = "max_samples_per_send must be positive";
    } else if (q.maxBackoff().compareTo(q.minBackoff()) < 0) {
      problem = "max_backoff must not be less than min_backoff";
    }
    if (problem != null) {
      throw error(at, "remote write queue " + problem);
    }
  }

  /** Only remote write has HTTP/2 off by default. */
  private static RemoteWrite withoutHttp2(RemoteWrite w) {
    return w.withHttp(w.http().toBuilder().enableHttp2(false).build());
  }
}
