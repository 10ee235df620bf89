package io.narthex.httpclient;

import io.narthex.model.go.GoUrl;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.text.Normalizer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Host names as they go to a resolver and into a request, and addresses written as hosts. */
final class HostNames {
  /** Longest name of the domain name system, in characters. */
  private static final int MAX_LENGTH = 253;

  private HostNames() {}

  /**
   * Returns a name in ASCII: labels with other characters in the form {@code xn--…} (RFC 3492). The
   * characters are mapped as UTS 46 does without its transitional rules: compatibility forms, small
   * letters, ß as it is. A name that is too long to exist stays as it is.
   */
  static String ascii(String name) {
    if (name.length() > MAX_LENGTH || name.chars().allMatch(c -> c < 0x80)) {
      return name;
    }
    String folded = Normalizer.normalize(name, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
    String mapped =
        Normalizer.normalize(folded.replace("\u00ad", ""), Normalizer.Form.NFKC)
            .replace('\u3002', '.');
    StringBuilder b = new StringBuilder(mapped.length() + 8);
    int from = 0;
    while (true) {
      int dot = mapped.indexOf('.', from);
      String label = mapped.substring(from, dot < 0 ? mapped.length() : dot);
      if (label.chars().allMatch(c -> c < 0x80)) {
        b.append(label);
      } else {
        b.append("xn--");
        punycode(label.codePoints().toArray(), b);
      }
      if (dot < 0) {
        return b.toString();
      }
      b.append('.');
      from = dot + 1;
    }
  }

  /** Encodes a label by the algorithm of RFC 3492, section 6.3; quadratic in its length. */
  private static void punycode(int[] label, StringBuilder out) {
    int basic = 0;
    for (int c : label) {
      if (c < 0x80) {
        out.append((char) c);
        basic++;
      }
    }
    if (basic > 0) {
      out.append('-');
    }
    int n = 0x80;
    int delta = 0;
    int bias = 72;
    int handled = basic;
    while (handled < label.length) {
      int next = Integer.MAX_VALUE;
      for (int c : label) {
        if (c >= n && c < next) {
          next = c;
        }
      }
      delta += (next - n) * (handled + 1);
      n = next;
      for (int c : label) {
        if (c < n) {
          delta++;
        } else if (c == n) {
          int q = delta;
          for (int k = 36; ; k += 36) {
            int t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
            if (q < t) {
              break;
            }
            out.append(digit(t + (q - t) % (36 - t)));
            q = (q - t) / (36 - t);
          }
          out.append(digit(q));
          bias = adapt(delta, handled + 1, handled == basic);
          delta = 0;
          handled++;
        }
      }
      delta++;
      n++;
    }
  }

  private static char digit(int value) {
    return (char) (value < 26 ? 'a' + value : '0' + value - 26);
  }

  private static int adapt(int delta, int points, boolean first) {
    int d = first ? delta / 700 : delta / 2;
    d += d / points;
    int k = 0;
    while (d > 35 * 26 / 2) {
      d /= 35;
      k += 36;
    }
    return k + 36 * d / (d + 38);
  }

  /**
   * Returns an address that is written as a host, without brackets, or null for a name. IPv4
   * addresses have four numbers without leading zeros; others, such as {@code 127.1}, are names.
   */
  static @Nullable InetAddress literal(String host) {
    boolean v6 = host.indexOf(':') >= 0;
    if (!v6 && !isIpv4(host)) {
      return null;
    }
    try {
      return InetAddress.ofLiteral(host);
    } catch (IllegalArgumentException _) {
      return withoutScope(host);
    }
  }

  /** Returns an IPv6 address whose zone no interface has, without it. */
  private static @Nullable InetAddress withoutScope(String host) {
    int zone = host.indexOf('%');
    try {
      return zone < 0 ? null : InetAddress.ofLiteral(host.substring(0, zone));
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  private static boolean isIpv4(String host) {
    int numbers = 0;
    for (String number : host.split("\\.", 6)) {
      boolean valid = !number.isEmpty() && number.length() <= 3;
      for (int i = 0; valid && i < number.length(); i++) {
        valid = number.charAt(i) >= '0' && number.charAt(i) <= '9';
      }
      if (!valid
          || number.length() > 1 && number.startsWith("0")
          || Integer.parseInt(number) > 255) {
        return false;
      }
      numbers++;
    }
    return numbers == 4;
  }

  /** Returns whether a name can be looked up: printable ASCII without blanks, not too long. */
  static boolean isName(String ascii) {
    if (ascii.isEmpty() || ascii.length() > MAX_LENGTH + 1) {
      return false;
    }
    for (int i = 0; i < ascii.length(); i++) {
      char c = ascii.charAt(i);
      boolean usual =
          c >= 'a' && c <= 'z'
              || c >= 'A' && c <= 'Z'
              || c >= '0' && c <= '9'
              || c == '-'
              || c == '_'
              || c == '.';
      if (!usual) {
        return false;
      }
    }
    return true;
  }

  /** Returns the host to connect to: in ASCII, IPv6 addresses without brackets. */
  static String toDial(GoUrl url) {
    return url.hostname().isEmpty() ? "localhost" : ascii(url.hostname());
  }

  /** Returns where a connection to an address goes: to this machine when it is that of any. */
  static InetAddress reached(InetAddress address) {
    if (!address.isAnyLocalAddress()) {
      return address;
    }
    return InetAddress.ofLiteral(address instanceof Inet4Address ? "127.0.0.1" : "::1");
  }

  /**
   * Asks the name service. The JDK takes {@code 127.1} and {@code 2130706433} for addresses, which
   * are names elsewhere; with the dot of the root they are names for it, too.
   */
  static InetAddress[] lookUp(String name) throws UnknownHostException {
    boolean number = name.chars().allMatch(c -> c >= '0' && c <= '9' || c == '.');
    return InetAddress.getAllByName(number && !name.endsWith(".") ? name + "." : name);
  }

  /** Returns the Host header of a request, as Go's client sends it: without the zone. */
  static String header(GoUrl url) {
    String name = ascii(url.hostname());
    if (name.indexOf(':') >= 0) {
      int zone = name.indexOf('%');
      name = "[" + (zone < 0 ? name : name.substring(0, zone)) + "]";
    }
    return url.port().isEmpty() ? name : name + ":" + url.port();
  }
}
