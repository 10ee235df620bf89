package io.narthex.notifier.email;

import io.narthex.notifier.email.EmailConfig.Password;
import io.narthex.notifier.email.EmailConfig.SharedSecret;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.Secret;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A block with the values of {@code global} filled in and checked.
 *
 * @param config the block; names of headers are in canonical form, Subject, To and From among them
 * @param threadDaily whether a thread ends with its day
 */
record EmailSettings(EmailConfig config, Address address, boolean threadDaily) {
  private static final int IMPLICIT_TLS_PORT = 465;

  /** Ports by the names of services. */
  private static final Map<String, Integer> SERVICES =
      Map.of("smtp", 25, "smtps", 465, "submission", 587, "submissions", 465);

  /** The mail server. */
  record Address(String host, int port) {
    static Address of(String smarthost) {
      int colon = smarthost.lastIndexOf(':');
      String named = smarthost.substring(colon + 1);
      int port;
      try {
        port = SERVICES.containsKey(named) ? SERVICES.get(named) : Integer.parseInt(named);
      } catch (NumberFormatException e) {
        throw new ConfigException(
            "smarthost must be host:port, got \"" + smarthost + "\"; add the port", e);
      }
      if (colon < 0) {
        throw new ConfigException("address " + smarthost + ": missing port in address");
      }
      String host = smarthost.substring(0, colon);
      if (host.startsWith("[") && host.endsWith("]")) {
        host = host.substring(1, host.length() - 1);
      }
      return new Address(host.isEmpty() ? "localhost" : host, port);
    }
  }

  static EmailSettings of(EmailConfig c, EmailConfig.Globals g) {
    if (c.envelope().to().isEmpty()) {
      throw new ConfigException("missing to address in email config");
    }
    EmailConfig filled = c.or(g);
    String smarthost = filled.server().smarthost().smarthost();
    if (smarthost.isEmpty()) {
      throw new ConfigException("no global SMTP smarthost set");
    }
    if (filled.envelope().sender().from().isEmpty()) {
      throw new ConfigException("no global SMTP from set");
    }
    Password password = c.login().password();
    SharedSecret secret = c.login().secret();
    atMostOne(password.authPassword(), password.authPasswordFile(), "auth_password");
    atMostOne(secret.authSecret(), secret.authSecretFile(), "auth_secret");
    atMostOne(g.smtpAuthPassword(), g.smtpAuthPasswordFile(), "smtp_auth_password");
    atMostOne(g.smtpAuthSecret(), g.smtpAuthSecretFile(), "smtp_auth_secret");
    Address address = Address.of(smarthost);
    return new EmailSettings(
        filled.withHeaders(headers(filled)), address, daily(filled.threading()));
  }

  String to() {
    return config.envelope().to();
  }

  String from() {
    return config.envelope().sender().from();
  }

  String hello() {
    return config.server().hello();
  }

  String username() {
    return config.login().authUsername();
  }

  Password password() {
    return config.login().password();
  }

  SharedSecret secret() {
    return config.login().secret();
  }

  String identity() {
    return config.login().identity().authIdentity();
  }

  boolean requireTls() {
    return Boolean.TRUE.equals(config.encryption().requireTls());
  }

  boolean implicitTls() {
    Boolean forced = config.encryption().implicit().forceImplicitTls();
    return forced != null ? forced : address.port == IMPLICIT_TLS_PORT;
  }

  @Nullable TlsSettings tls() {
    return config.encryption().tlsConfig();
  }

  private static boolean daily(EmailConfig.Threading t) {
    if (!t.enabled()) {
      return false;
    }
    return switch (t.threadByDate()) {
      case "daily" -> true;
      case "none" -> false;
      default ->
          throw new ConfigException("threading.thread_by_date must be either 'none' or 'daily'");
    };
  }

  private static Map<String, String> headers(EmailConfig c) {
    Map<String, String> out = new LinkedHashMap<>();
    c.headers()
        .forEach((name, value) -> {
          String canonical = canonical(name);
          if (out.put(canonical, value) != null) {
            throw new ConfigException("duplicate header \"" + canonical + "\" in email config");
          }
        });
    if (c.threading().enabled()
        && (out.containsKey("References") || out.containsKey("In-Reply-To"))) {
      throw new ConfigException(
          "conflicting configuration: threading.enabled conflicts with custom References or In-Reply-To headers");
    }
    out.putIfAbsent("Subject", "{{ template \"email.default.subject\" . }}");
    out.putIfAbsent("To", c.envelope().to());
    out.putIfAbsent("From", c.envelope().sender().from());
    return out;
  }

  /** Returns a header's name in its usual form: {@code X-Custom-Header}. */
  static String canonical(String name) {
    StringBuilder b = new StringBuilder(name.length());
    boolean upper = true;
    for (char ch : name.toCharArray()) {
      b.append(
          upper
              ? Character.toUpperCase(ch)
              : String.valueOf(ch).toLowerCase(Locale.ROOT).charAt(0));
      upper = ch == '-';
    }
    return b.toString();
  }

  private static void atMostOne(@Nullable Secret value, String file, String key) {
    if (value != null && !value.isEmpty() && !file.isEmpty()) {
      throw new ConfigException("at most one of " + key + " & " + key + "_file must be configured");
    }
  }
}
