package io.narthex.http.access;

import io.narthex.httpclient.Network;
import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.AccessConfig.Role;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@link AccessConfig}, compiled for lookups. Immutable. */
final class AccessPolicy {
  private final AccessConfig config;
  private final AccessConfig.@Nullable Mode override;
  private final Map<String, List<Network>> networks = new HashMap<>();

  /**
   * Compiles one.
   *
   * @param override the mode instead of the configured one; null for that
   */
  AccessPolicy(AccessConfig config, AccessConfig.@Nullable Mode override) {
    this.config = config;
    this.override = override;
    config
        .networks()
        .forEach((who, blocks) -> networks.put(who, blocks.stream().map(Network::parse).toList()));
  }

  AccessConfig config() {
    return config;
  }

  AccessConfig.@Nullable Mode override() {
    return override;
  }

  boolean strict() {
    return (override == null ? config.mode() : override) == AccessConfig.Mode.STRICT;
  }

  /** Returns who a user of the web configuration is. */
  Identity user(String name) {
    return new Identity(name, config.users().get(name), strict());
  }

  /** Returns whether requests from an address are allowed at all. */
  boolean everybodyFrom(String peer) {
    return from(AccessConfig.EVERYBODY, peer);
  }

  /** Returns whether requests from an address are allowed with a role. */
  boolean roleFrom(@Nullable Role role, String peer) {
    return role == null || from(role.name().toLowerCase(Locale.ROOT), peer);
  }

  private boolean from(String who, String peer) {
    List<Network> allowed = networks.get(who);
    if (allowed == null) {
      return true;
    }
    String plain = peer.startsWith("[") ? peer.replaceAll("[\\[\\]]", "") : peer;
    InetAddress address;
    try {
      address = InetAddress.ofLiteral(plain);
    } catch (IllegalArgumentException e) {
      return false;
    }
    return allowed.stream().anyMatch(n -> n.contains(address));
  }
}
