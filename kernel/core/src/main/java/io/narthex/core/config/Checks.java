package io.narthex.core.config;

import io.narthex.model.go.GoString;
import io.narthex.relabel.NameScheme;
import io.narthex.relabel.Relabeling;
import io.narthex.service.config.RelabelRule;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Checks that several sections of the main file share. Messages are Prometheus' own. */
final class Checks {
  private static final Set<String> RESERVED_HEADERS =
      Set.of(
          "authorization",
          "host",
          "content-encoding",
          "content-length",
          "content-type",
          "user-agent",
          "connection",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authorization",
          "www-authenticate",
          "accept-encoding",
          "x-prometheus-remote-write-version",
          "x-prometheus-remote-read-version",
          "x-amz-date",
          "x-amz-security-token",
          "x-amz-content-sha256");

  /** Messages for list items that must not be null, by path; {@code *} stands for every item. */
  private static final Map<String, String> NOT_NULL =
      Map.of(
          "scrape_configs/*",
          "empty or null scrape config section",
          "scrape_configs/*/relabel_configs/*",
          "empty or null target relabeling rule in scrape config",
          "scrape_configs/*/metric_relabel_configs/*",
          "empty or null metric relabeling rule in scrape config",
          "alerting/alert_relabel_configs/*",
          "empty or null alert relabeling rule",
          "alerting/alertmanagers/*",
          "empty or null alertmanager section",
          "alerting/alertmanagers/*/relabel_configs/*",
          "empty or null Alertmanager target relabeling rule",
          "alerting/alertmanagers/*/alert_relabel_configs/*",
          "empty or null Alertmanager alert relabeling rule",
          "remote_write/*",
          "empty or null remote write config section",
          "remote_write/*/write_relabel_configs/*",
          "empty or null relabeling rule in remote write config",
          "remote_read/*",
          "empty or null remote read config section");

  private Checks() {}

  /** Returns an error at a node. */
  static ConfigException error(ConfigNode at, String message) {
    return new ConfigException(at.place() + ": " + message);
  }

  /** Returns whether a node is absent or a null value. */
  static boolean isNull(@Nullable ConfigNode node) {
    return node == null || (node instanceof Scalar s && s.kind() == Scalar.Kind.NULL);
  }

  /**
   * Returns the node to report an error at: the value of a key, or {@code otherwise} without one.
   */
  static ConfigNode placeOf(Mapping mapping, String key, ConfigNode otherwise) {
    ConfigNode node = mapping.get(key);
    return node == null ? otherwise : node;
  }

  /** Refuses null items in the lists that must not have them. */
  static void noNullEntries(ConfigNode root) {
    noNullEntries(root, "");
  }

  private static void noNullEntries(ConfigNode node, String path) {
    switch (node) {
      case Scalar s -> {
        String text = s.kind() == Scalar.Kind.NULL ? NOT_NULL.get(path) : null;
        if (text != null) {
          throw error(s, text);
        }
      }
      case Sequence s -> s.items().forEach(item -> noNullEntries(item, path + "/*"));
      case Mapping m -> {
        for (Entry e : m.entries()) {
          noNullEntries(e.value(), path.isEmpty() ? e.key() : path + "/" + e.key());
        }
      }
    }
  }

  /**
   * Refuses rules that cannot be used.
   *
   * @param key of the list of rules in {@code block}
   */
  static void relabelling(List<RelabelRule> rules, Mapping block, String key, NameScheme scheme) {
    ConfigNode list = placeOf(block, key, block);
    for (int i = 0; i < rules.size(); i++) {
      ConfigNode at = list instanceof Sequence s && i < s.items().size() ? s.items().get(i) : list;
      for (String source : rules.get(i).sourceLabels()) {
        if (!NameScheme.UTF8.isLabelName(source)) {
          throw error(at, GoString.quote(source) + " is not a valid label name");
        }
      }
      try {
        Relabeling.validate(rules.get(i), scheme);
      } catch (IllegalArgumentException e) {
        throw new ConfigException(at.place() + ": " + e.getMessage(), e);
      }
    }
  }

  /** Refuses headers that the server sets itself. */
  static void headers(Map<String, String> headers, ConfigNode at) {
    for (String header : headers.keySet()) {
      String lower = header.toLowerCase(Locale.ROOT);
      if (lower.equals("authorization")) {
        throw error(
            at,
            "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter");
      }
      reservedHeader(header, at);
    }
  }

  /** Refuses a header that the protocol needs. */
  static void reservedHeader(String header, ConfigNode at) {
    if (RESERVED_HEADERS.contains(header.toLowerCase(Locale.ROOT))) {
      throw error(at, header + " is a reserved header. It must not be changed");
    }
  }

  /** Refuses an address that is a URL. */
  static void address(String address, ConfigNode at) {
    if (address.contains("/")) {
      throw error(at, GoString.quote(address) + " is not a valid hostname");
    }
  }

  /** Returns a list as Prometheus prints it: {@code [a b c]}. */
  static String list(List<String> items) {
    return "[" + String.join(" ", items) + "]";
  }

  /** Returns whether a string can be encoded in UTF-8. */
  static boolean isUtf8(String text) {
    return StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }
}
