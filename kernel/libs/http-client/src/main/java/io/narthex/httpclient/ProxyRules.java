package io.narthex.httpclient;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.plugin.HttpTransport.HttpSettings;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decides which proxy a request uses, as Go's net/http and golang.org/x/net/http/httpproxy do: a
 * {@code proxy_url} alone takes every request; one with {@code no_proxy}, and the proxies of the
 * environment, spare the exceptions, localhost and loopback addresses.
 */
final class ProxyRules {
  private ProxyRules() {}

  /**
   * Returns the proxy for {@code target}, or null.
   *
   * @throws GoUrl.InvalidUrlException when the proxy is no URL
   */
  static @Nullable GoUrl proxyFor(
      HttpSettings http, GoUrl target, Map<String, String> environment) {
    String proxy = http.proxyUrl();
    String except = http.noProxy();
    if (http.proxyFromEnvironment()) {
      String name = "https".equals(target.scheme()) ? "HTTPS_PROXY" : "HTTP_PROXY";
      proxy = variable(environment, name);
      except = variable(environment, "NO_PROXY");
    }
    if (proxy.isEmpty()) {
      return null;
    }
    boolean exceptions = http.proxyFromEnvironment() || !except.isEmpty();
    if (exceptions && bypasses(except, HostNames.toDial(target), target.portNumber())) {
      return null;
    }
    return GoUrl.parse(proxy.contains("://") ? proxy : "http://" + proxy);
  }

  private static String variable(Map<String, String> environment, String name) {
    String upper = environment.getOrDefault(name, "");
    return upper.isEmpty() ? environment.getOrDefault(name.toLowerCase(Locale.ROOT), "") : upper;
  }

  /**
   * Returns whether a host is reached without proxy: it is this machine, or in a no_proxy list of
   * names, .domains, addresses, CIDR blocks, each but the last with or without a port.
   *
   * @param host in ASCII, without brackets
   */
  static boolean bypasses(String list, String host, int port) {
    String h = host.strip().toLowerCase(Locale.ROOT);
    InetAddress address = HostNames.literal(h);
    if (h.equals("localhost") || address != null && address.isLoopbackAddress()) {
      return true;
    }
    for (String raw : list.split(",")) {
      String rule = raw.strip().toLowerCase(Locale.ROOT);
      if (rule.equals("*")) {
        return true;
      }
      if (!rule.isEmpty() && matches(rule, h, address, port)) {
        return true;
      }
    }
    return false;
  }

  private static boolean matches(
      String rule, String host, @Nullable InetAddress address, int port) {
    if (rule.indexOf('/') > 0) {
      return address != null && inBlock(address, rule);
    }
    String name = rule;
    InetAddress own = HostNames.literal(name);
    if (own == null) {
      int colon = rule.lastIndexOf(':');
      if (colon >= 0) {
        if (colon == 0 || !rule.substring(colon + 1).equals(Integer.toString(port))) {
          return false;
        }
        name = rule.substring(0, colon);
      }
      if (name.startsWith("[") && name.endsWith("]")) {
        name = name.substring(1, name.length() - 1);
      }
      own = HostNames.literal(name);
    }
    if (own != null) {
      return own.equals(address);
    }
    if (address != null) {
      return false;
    }
    if (name.startsWith("*.")) {
      name = name.substring(1);
    }
    String domain = HostNames.ascii(name);
    return domain.startsWith(".")
        ? host.endsWith(domain)
        : host.equals(domain) || host.endsWith("." + domain);
  }

  private static boolean inBlock(InetAddress address, String block) {
    try {
      return Network.parseLoose(block).contains(address);
    } catch (IllegalArgumentException _) {
      return false;
    }
  }
}
