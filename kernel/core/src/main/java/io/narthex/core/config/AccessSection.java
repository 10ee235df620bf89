package io.narthex.core.config;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.httpclient.Network;
import io.narthex.model.go.GoUrl;
import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.AccessConfig.Oidc;
import io.narthex.service.config.AccessConfig.Role;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads {@code access:} of {@code narthex.yml}: the name of a mode, or a map. */
final class AccessSection {
  private AccessSection() {}

  /**
   * Returns the settings of a block.
   *
   * @throws ConfigException with the position of the error
   */
  static AccessConfig read(@Nullable ConfigNode node) {
    if (node == null || node instanceof Scalar s && s.text().isEmpty()) {
      return AccessConfig.DEFAULT;
    }
    ConfigNode block =
        node instanceof Scalar
            ? new Mapping(node.place(), List.of(new Entry(node.place(), "mode", node)))
            : node;
    AccessConfig access = ConfigBinder.bind(listsOfNetworks(block), AccessConfig.class);
    if (block instanceof Mapping map && map.get("networks") instanceof Mapping networks) {
      networks.entries().forEach(AccessSection::checkNetworks);
    }
    Oidc oidc = access.oidc();
    if (oidc != null && block instanceof Mapping map && map.get("oidc") instanceof Mapping m) {
      checkIssuer(m, oidc);
    }
    return access;
  }

  /** Turns a single network, our short form, into a list. */
  private static ConfigNode listsOfNetworks(ConfigNode block) {
    if (!(block instanceof Mapping map) || !(map.get("networks") instanceof Mapping networks)) {
      return block;
    }
    Mapping lists =
        new Mapping(
            networks.place(),
            networks.entries().stream()
                .map(e ->
                    e.value() instanceof Scalar s
                        ? new Entry(e.keyPlace(), e.key(), new Sequence(s.place(), List.of(s)))
                        : e)
                .toList());
    return new Mapping(
        map.place(),
        map.entries().stream()
            .map(e -> e.key().equals("networks") ? new Entry(e.keyPlace(), e.key(), lists) : e)
            .toList());
  }

  private static void checkNetworks(Entry of) {
    List<String> known = new ArrayList<>(List.of(AccessConfig.EVERYBODY));
    for (Role role : Role.values()) {
      known.add(role.name().toLowerCase(Locale.ROOT));
    }
    if (!known.contains(of.key())) {
      throw new ConfigException(
          of.keyPlace()
              + ": networks are given for "
              + String.join(", ", known)
              + ", got \""
              + of.key()
              + "\"");
    }
    List<ConfigNode> items =
        of.value() instanceof Sequence sequence ? sequence.items() : List.of(of.value());
    if (items.isEmpty()) {
      throw new ConfigException(
          of.value().place() + ": no network would let anybody in; name one or leave the key out");
    }
    for (ConfigNode item : items) {
      try {
        Network unused = Network.parse(item instanceof Scalar s ? s.text() : "");
      } catch (IllegalArgumentException e) {
        throw new ConfigException(item.place() + ": " + e.getMessage(), e);
      }
    }
  }

  /** The issuer is reached over TLS, except on this machine. */
  private static void checkIssuer(Mapping block, Oidc oidc) {
    ConfigNode node = block.get("issuer");
    String place = (node == null ? block : node).place() + ": ";
    GoUrl url;
    try {
      url = GoUrl.parse(oidc.issuer());
    } catch (GoUrl.InvalidUrlException e) {
      throw new ConfigException(place + "issuer must be a URL, got \"" + oidc.issuer() + "\"", e);
    }
    boolean local = url.hostname().matches("localhost|127\\..*|::1");
    if (url.host().isEmpty()
        || !(url.scheme().equals("https") || local && url.scheme().equals("http"))
        || url.user() != null
        || oidc.issuer().indexOf('?') >= 0
        || oidc.issuer().indexOf('#') >= 0) {
      throw new ConfigException(
          place + "issuer must be an https URL without query, got \"" + oidc.issuer() + "\"");
    }
  }
}
