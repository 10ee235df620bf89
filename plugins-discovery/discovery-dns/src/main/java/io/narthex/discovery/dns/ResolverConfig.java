package io.narthex.discovery.dns;

import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The resolver's servers and options, as in {@code resolv.conf(5)}.
 *
 * @param servers in order of preference
 * @param search domains appended to short names
 * @param ndots dots from which a name is first tried as it is
 * @param timeout of one query
 */
record ResolverConfig(
    List<InetSocketAddress> servers, List<String> search, int ndots, Duration timeout) {
  static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");
  private static final int PORT = 53;

  /** Reads the file; without servers in it the local host is asked. */
  static ResolverConfig read(Path file) throws IOException {
    List<InetSocketAddress> servers = new ArrayList<>();
    List<String> search = List.of();
    int ndots = 1;
    int timeout = 5;
    // domain names may be in any encoding; only ASCII matters
    for (String raw : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
      String line = raw.strip();
      if (line.isEmpty() || line.charAt(0) == '#' || line.charAt(0) == ';') {
        continue;
      }
      List<String> words = List.of(line.split("\\s+"));
      List<String> rest = words.subList(1, words.size());
      switch (words.get(0)) {
        case "nameserver" -> {
          if (!rest.isEmpty()) {
            servers.add(new InetSocketAddress(rest.get(0), PORT));
          }
        }
        case "domain" -> search = rest.isEmpty() ? List.of() : List.of(rest.get(0));
        case "search" -> search = List.copyOf(rest);
        case "options" -> {
          for (String option : rest) {
            if (option.matches("ndots:\\d{1,2}")) {
              ndots = Math.min(15, Integer.parseInt(option.substring(6)));
            } else if (option.matches("timeout:\\d{1,3}")) {
              timeout = Math.max(1, Integer.parseInt(option.substring(8)));
            }
          }
        }
        default -> {
          // sortlist and others: not used here
        }
      }
    }
    if (servers.isEmpty()) {
      servers.add(new InetSocketAddress("127.0.0.1", PORT));
    }
    return new ResolverConfig(List.copyOf(servers), search, ndots, Duration.ofSeconds(timeout));
  }

  /** Returns a copy with other servers. */
  ResolverConfig with(List<InetSocketAddress> others) {
    return new ResolverConfig(List.copyOf(others), search, ndots, timeout);
  }

  /** Returns the names to try for {@code name}, in order, each with a trailing dot. */
  List<String> candidates(String name) {
    if (name.endsWith(".")) {
      return List.of(name);
    }
    List<String> all = new ArrayList<>();
    boolean asItIsFirst = name.chars().filter(c -> c == '.').count() >= ndots;
    if (asItIsFirst) {
      all.add(name + ".");
    }
    for (String domain : search) {
      String d = domain.endsWith(".") ? domain : domain + ".";
      all.add(d.equals(".") ? name + "." : name + "." + d);
    }
    if (!asItIsFirst) {
      all.add(name + ".");
    }
    return all;
  }

  /**
   * Reads {@code host}, {@code host:port} or {@code [host]:port}.
   *
   * @throws ConfigException when it is none of these
   */
  static InetSocketAddress server(String text) {
    String host = text;
    int port = PORT;
    int colon = text.lastIndexOf(':');
    boolean bracketed = text.startsWith("[") && text.indexOf("]") > 0;
    if (colon > 0 && (text.indexOf(':') == colon || (bracketed && text.charAt(colon - 1) == ']'))) {
      host = text.substring(0, colon);
      try {
        port = Integer.parseInt(text.substring(colon + 1));
      } catch (NumberFormatException _) {
        port = -1;
      }
    }
    if (bracketed) {
      host = host.substring(1, host.indexOf(']'));
    }
    if (host.isEmpty() || port < 1 || port > 65535) {
      throw new ConfigException("nameservers: must be host or host:port, got \"" + text + "\"");
    }
    return InetSocketAddress.createUnresolved(host, port);
  }
}
