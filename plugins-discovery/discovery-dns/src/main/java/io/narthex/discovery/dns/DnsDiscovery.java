package io.narthex.discovery.dns;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.TargetSink;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Section;

/** Looks names up periodically, one group for each. A name that fails keeps its targets. */
final class DnsDiscovery implements Discovery {
  private final DnsConfig config;
  private final int type;
  private final Path resolvConf;

  DnsDiscovery(DnsConfig config, int type, Path resolvConf) {
    this.config = config;
    this.type = type;
    this.resolvConf = resolvConf;
  }

  @Override
  public void run(TargetSink sink) throws InterruptedException {
    while (true) {
      List<TargetGroup> groups = new ArrayList<>();
      for (String name : config.names()) {
        try {
          groups.add(group(name));
        } catch (IOException e) {
          if (Thread.interrupted()) {
            throw new InterruptedException();
          }
          sink.refreshFailed(String.valueOf(e.getMessage()));
        }
      }
      if (!groups.isEmpty()) {
        sink.update(groups);
      }
      Thread.sleep(config.refreshInterval());
    }
  }

  /** Fails only when no name can be looked up: a run publishes those that can. */
  @Override
  public Optional<List<TargetGroup>> probe() throws IOException, InterruptedException {
    List<TargetGroup> groups = new ArrayList<>();
    IOException failure = null;
    for (String name : config.names()) {
      try {
        groups.add(group(name));
      } catch (IOException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        failure = e;
      }
    }
    if (groups.isEmpty() && failure != null) {
      throw failure;
    }
    return Optional.of(groups);
  }

  private ResolverConfig resolver() throws IOException {
    ResolverConfig system;
    try {
      system = ResolverConfig.read(resolvConf);
    } catch (NoSuchFileException e) {
      if (config.nameservers().isEmpty()) {
        throw new IOException("could not load " + resolvConf + ": no such file", e);
      }
      system = new ResolverConfig(List.of(), List.of(), 1, Duration.ofSeconds(5));
    }
    return config.nameservers().isEmpty()
        ? system
        : system.with(config.nameservers().stream().map(ResolverConfig::server).toList());
  }

  private TargetGroup group(String name) throws IOException {
    List<Map<String, String>> targets = new ArrayList<>();
    for (Record record : lookup(name)) {
      Map<String, String> target = target(name, record);
      if (target != null) {
        targets.add(target);
      }
    }
    return new TargetGroup(name, Map.of(), targets);
  }

  /** Returns the records of the first candidate of the search list that has any. */
  private List<Record> lookup(String name) throws IOException {
    ResolverConfig resolver = resolver();
    boolean allAnswered = true;
    String lastFailure = "";
    for (String candidate : resolver.candidates(name)) {
      Message answer = null;
      for (InetSocketAddress server : resolver.servers()) {
        try {
          Message a = DnsClient.ask(server, candidate, type, resolver.timeout());
          int code = a.getRcode();
          if (code == Rcode.NOERROR || code == Rcode.NXDOMAIN) {
            answer = a;
            break;
          }
          lastFailure = Rcode.string(code) + " from " + server.getHostString();
        } catch (IOException e) {
          if (Thread.currentThread().isInterrupted()) {
            throw e;
          }
          lastFailure = e.getMessage() + " (" + server.getHostString() + ")";
        }
      }
      if (answer == null) {
        allAnswered = false;
      } else if (answer.getRcode() == Rcode.NOERROR
          && !answer.getSection(Section.ANSWER).isEmpty()) {
        return answer.getSection(Section.ANSWER);
      }
    }
    if (allAnswered) {
      return List.of(); // the name does not exist: it has no targets
    }
    throw new IOException(
        "could not resolve \""
            + name
            + "\": all servers responded with errors to at least one search domain: "
            + lastFailure);
  }

  private @Nullable Map<String, String> target(String name, Record record) {
    String address;
    String srvTarget = "";
    String srvPort = "";
    String mx = "";
    String ns = "";
    switch (record) {
      case SRVRecord r -> {
        srvTarget = r.getTarget().toString();
        srvPort = Integer.toString(r.getPort());
        address = hostPort(srvTarget, r.getPort());
      }
      case MXRecord r -> {
        mx = r.getTarget().toString();
        address = hostPort(mx, config.port());
      }
      case NSRecord r -> {
        ns = r.getTarget().toString();
        address = hostPort(ns, config.port());
      }
      case ARecord r -> address = hostPort(r.getAddress().getHostAddress(), config.port());
      case AAAARecord r ->
          address = hostPort("[" + shortest(r.getAddress().getAddress()) + "]", config.port());
      default -> {
        return null; // a CNAME on the way, for example
      }
    }
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put(TargetGroup.ADDRESS, address);
    labels.put("__meta_dns_name", name);
    labels.put("__meta_dns_srv_record_target", srvTarget);
    labels.put("__meta_dns_srv_record_port", srvPort);
    labels.put("__meta_dns_mx_record_target", mx);
    labels.put("__meta_dns_ns_record_target", ns);
    return labels;
  }

  private static String hostPort(String host, int port) {
    int end = host.length();
    while (end > 0 && host.charAt(end - 1) == '.') {
      end--;
    }
    return host.substring(0, end) + ":" + port;
  }

  /** Writes an IPv6 address as RFC 5952 asks: lower case, the longest run of zeros as ::. */
  static String shortest(byte[] address) {
    if (address.length == 4) { // the JDK turns ::ffff:a.b.c.d into four bytes
      return "::ffff:"
          + (address[0] & 0xff)
          + "."
          + (address[1] & 0xff)
          + "."
          + (address[2] & 0xff)
          + "."
          + (address[3] & 0xff);
    }
    int[] groups = new int[8];
    for (int i = 0; i < 8; i++) {
      groups[i] = (address[2 * i] & 0xff) << 8 | (address[2 * i + 1] & 0xff);
    }
    int start = -1;
    int length = 1;
    for (int i = 0; i < 8; i++) {
      int n = 0;
      while (i + n < 8 && groups[i + n] == 0) {
        n++;
      }
      if (n > length) {
        start = i;
        length = n;
      }
    }
    StringBuilder b = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      if (i == start) {
        b.append("::");
        i += length - 1;
        continue;
      }
      if (!b.isEmpty() && b.charAt(b.length() - 1) != ':') {
        b.append(':');
      }
      b.append(Integer.toHexString(groups[i]));
    }
    return b.toString();
  }
}
