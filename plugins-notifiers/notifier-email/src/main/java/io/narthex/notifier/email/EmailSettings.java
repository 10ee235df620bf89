package io.narthex.notifier.email;

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
 * @param password given directly, else by file
 * @param headers names in canonical form, Subject, To and From among them
 * @param threadDaily whether a thread ends with its day
 */
record EmailSettings(
    String to,
    String from,
    String host,
    int port,
    String hello,
    String username,
    @Nullable Secret password,
    String passwordFile,
    @Nullable Secret secret,
    String secretFile,
    String identity,
    boolean requireTls,
    boolean implicitTls,
    @Nullable TlsSettings tls,
    String html,
    String text,
    Map<String, String> headers,
    boolean threading,
    boolean threadDaily) {
  private static final int IMPLICIT_TLS_PORT = 465;

  static EmailSettings of(EmailConfig c, EmailConfig.Globals g) {
    if (c.to().isEmpty()) {
      throw new ConfigException("missing to address in email config");
    }
    String smarthost = either(c.smarthost(), g.smtpSmarthost());
    if (smarthost.isEmpty()) {
      throw new ConfigException("no global SMTP smarthost set");
    }
    String from = either(c.from(), g.smtpFrom());
    if (from.isEmpty()) {
      throw new ConfigException("no global SMTP from set");
    }
    atMostOne(c.authPassword(), c.authPasswordFile(), "auth_password");
    atMostOne(c.authSecret(), c.authSecretFile(), "auth_secret");
    atMostOne(g.smtpAuthPassword(), g.smtpAuthPasswordFile(), "smtp_auth_password");
    atMostOne(g.smtpAuthSecret(), g.smtpAuthSecretFile(), "smtp_auth_secret");
    int colon = smarthost.lastIndexOf(':');
    int port;
    try {
      port = Integer.parseInt(smarthost.substring(colon + 1));
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
    boolean ownPassword = c.authPassword() != null || !c.authPasswordFile().isEmpty();
    boolean ownSecret = c.authSecret() != null || !c.authSecretFile().isEmpty();
    Boolean implicit =
        c.forceImplicitTls() != null ? c.forceImplicitTls() : g.smtpForceImplicitTls();
    return new EmailSettings(
        c.to(),
        from,
        host.isEmpty() ? "localhost" : host,
        port,
        either(c.hello(), g.smtpHello()),
        either(c.authUsername(), g.smtpAuthUsername()),
        ownPassword ? c.authPassword() : g.smtpAuthPassword(),
        ownPassword ? c.authPasswordFile() : g.smtpAuthPasswordFile(),
        ownSecret ? c.authSecret() : g.smtpAuthSecret(),
        ownSecret ? c.authSecretFile() : g.smtpAuthSecretFile(),
        either(c.authIdentity(), g.smtpAuthIdentity()),
        c.requireTls() != null ? c.requireTls() : g.smtpRequireTls(),
        implicit != null ? implicit : port == IMPLICIT_TLS_PORT,
        c.tlsConfig() != null ? c.tlsConfig() : g.smtpTlsConfig(),
        c.html(),
        c.text(),
        headers(c, from),
        c.threading().enabled(),
        daily(c.threading()));
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

  private static Map<String, String> headers(EmailConfig c, String from) {
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
    out.putIfAbsent("To", c.to());
    out.putIfAbsent("From", from);
    return out;
  }

  /** Returns a header's name as it is usually written: {@code X-Custom-Header}. */
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

  private static String either(String own, String global) {
    return own.isEmpty() ? global : own;
  }

  private static void atMostOne(@Nullable Secret value, String file, String key) {
    if (value != null && !value.isEmpty() && !file.isEmpty()) {
      throw new ConfigException("at most one of " + key + " & " + key + "_file must be configured");
    }
  }
}
