package io.narthex.httpclient;

import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Decides which proxy a request uses, as Go's httpproxy package does. */
final class ProxyRules {
  private ProxyRules() {}

  /** Returns the proxy for {@code target}, or null. */
  static @Nullable URI proxyFor(HttpSettings http, URI target, Map<String, String> environment) {
    String proxy = http.proxyUrl();
    String except = http.noProxy();
    if (http.proxyFromEnvironment()) {
      String name = "https".equals(target.getScheme()) ? "HTTPS_PROXY" : "HTTP_PROXY";
      proxy = variable(environment, name);
      except = variable(environment, "NO_PROXY");
    }
    if (proxy.isEmpty()) {
      return null;
    }
    String host = target.getHost();
    if (host == null || bypasses(except, host, port(target))) {
      return null;
    }
    if (http.proxyFromEnvironment() && isLocal(host)) {
      return null;
    }
    return URI.create(proxy.contains("://") ? proxy : "http://" + proxy);
  }

  static int port(URI uri) {
    return uri.getPort() > 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
  }

  private static String variable(Map<String, String> environment, String name) {
    String upper = environment.getOrDefault(name, "");
    return upper.isEmpty() ? environment.getOrDefault(name.toLowerCase(Locale.ROOT), "") : upper;
  }

  private static boolean isLocal(String host) {
    return host.equalsIgnoreCase("localhost") || host.startsWith("127.") || host.equals("[::1]");
  }

  /**
   * Returns whether a host is in a no_proxy list: names, .domains, addresses, CIDR blocks, ports.
   */
  static boolean bypasses(String list, String host, int port) {
    String h = host.toLowerCase(Locale.ROOT);
    if (h.startsWith("[") && h.endsWith("]")) {
      h = h.substring(1, h.length() - 1);
    }
    for (String raw : list.split(",")) {
      String rule = raw.strip().toLowerCase(Locale.ROOT);
      if (rule.isEmpty()) {
        continue;
      }
      if (rule.equals("*")) {
        return true;
      }
      if (rule.indexOf('/') > 0) {
        if (isAddress(h) && inBlock(h, rule)) {
          return true;
        }
        continue;
      }
      int colon = rule.lastIndexOf(':');
      if (colon > 0 && rule.indexOf(':') == colon) {
        if (!rule.substring(colon + 1).equals(Integer.toString(port))) {
          continue;
        }
        rule = rule.substring(0, colon);
      }
      if (rule.startsWith("*.")) {
        rule = rule.substring(1);
      }
      boolean hit =
          rule.startsWith(".") ? h.endsWith(rule) : h.equals(rule) || h.endsWith("." + rule);
      if (hit) {
        return true;
      }
    }
    return false;
  }

  private static boolean isAddress(String host) {
    if (host.indexOf(':') >= 0) {
      return true;
    }
    for (int i = 0; i < host.length(); i++) {
      char c = host.charAt(i);
      if ((c < '0' || c > '9') && c != '.') {
        return false;
      }
    }
    return true;
  }

  private static boolean inBlock(String host, String block) {
    int slash = block.indexOf('/');
    try {
      byte[] address = InetAddress.getByName(host).getAddress();
      byte[] base = InetAddress.getByName(block.substring(0, slash)).getAddress();
      int bits = Integer.parseInt(block.substring(slash + 1));
      if (address.length != base.length || bits > base.length * 8) {
        return false;
      }
      for (int i = 0; i < bits; i++) {
        int mask = 0x80 >> (i % 8);
        if ((address[i / 8] & mask) != (base[i / 8] & mask)) {
          return false;
        }
      }
      return true;
    } catch (UnknownHostException | NumberFormatException e) {
      return false;
    }
  }
}
