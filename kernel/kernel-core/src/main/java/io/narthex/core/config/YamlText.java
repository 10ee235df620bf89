package io.narthex.core.config;

import io.narthex.format.yaml.RecordYaml;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Unbound configuration as YAML with secrets hidden. What is a secret is told by the key, since the
 * plugin that knows may be absent; better a hidden value too many.
 */
final class YamlText {
  private static final List<String> SECRET_PARTS =
      List.of(
          "password",
          "secret",
          "token",
          "credentials",
          "api_key",
          "apikey",
          "routing_key",
          "service_key",
          "webhook_url",
          "api_url",
          "access_key",
          "bearer");
  private static final Set<String> NOT_SECRET =
      Set.of(
          "token_url", "opsgenie_api_url", "victorops_api_url", "wechat_api_url", "webex_api_url");

  /** The URLs in here often hold a token. */
  private static final String WEBHOOKS = "webhook_configs";

  private YamlText() {}

  /** Returns a document as YAML. */
  static String print(ConfigNode root) {
    Object plain = redacted(root, "");
    Map<String, Object> map = new LinkedHashMap<>();
    if (plain instanceof Map<?, ?> m) {
      m.forEach((k, v) -> map.put(String.valueOf(k), v));
    }
    return RecordYaml.print(map);
  }

  /** Returns a node in plain values with secrets hidden. */
  static @Nullable Object redacted(ConfigNode node) {
    return redacted(node, "");
  }

  /** As above; {@code list} is the key of the list the node is an item of. */
  private static @Nullable Object redacted(ConfigNode node, String list) {
    return switch (node) {
      case Scalar s -> RecordYaml.typed(s);
      case Sequence s -> {
        List<@Nullable Object> items = new ArrayList<>();
        s.items().forEach(i -> items.add(redacted(i, list)));
        yield items;
      }
      case Mapping m -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        m.entries()
            .forEach(e ->
                map.put(
                    e.key(),
                    isSecret(list, e.key()) && e.value() instanceof Scalar
                        ? "<secret>"
                        : redacted(e.value(), e.key())));
        yield map;
      }
    };
  }

  private static boolean isSecret(String list, String key) {
    if (list.equals(WEBHOOKS) && key.equals("url")) {
      return true;
    }
    String lower = key.toLowerCase(Locale.ROOT);
    return !lower.endsWith("_file")
        && !NOT_SECRET.contains(lower)
        && SECRET_PARTS.stream().anyMatch(lower::contains);
  }
}
