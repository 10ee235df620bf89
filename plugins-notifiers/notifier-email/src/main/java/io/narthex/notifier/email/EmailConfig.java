package io.narthex.notifier.email;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One entry of {@code email_configs}; what is absent comes from {@code global}. No record that is
 * copied has two components of one type, so that none can be mistaken for another.
 */
public record EmailConfig(
    @Setting(inline = true) Envelope envelope,
    @Setting(inline = true) Server server,
    @Setting(inline = true) Login login,
    @Setting(inline = true) Encryption encryption,
    @Setting(inline = true) Body body,
    @Setting(help = "More headers; values are templates") Map<String, String> headers,
    @Setting(help = "Threads in mail programs") Threading threading) {
  /** Returns this block with the values of {@code global:} in place of absent ones. */
  EmailConfig or(Globals g) {
    return new EmailConfig(
        envelope.or(g), server.or(g), login.or(g), encryption.or(g), body, headers, threading);
  }

  EmailConfig withHeaders(Map<String, String> others) {
    return new EmailConfig(envelope, server, login, encryption, body, others, threading);
  }

  private static String either(String own, String global) {
    return own.isEmpty() ? global : own;
  }

  /** Who writes to whom. */
  public record Envelope(
      @Setting(help = "Recipients, separated by commas; a template; required") String to,
      @Setting(inline = true) Sender sender) {
    Envelope or(Globals g) {
      return new Envelope(to, new Sender(either(sender.from, g.smtpFrom)));
    }
  }

  /** The sender. */
  public record Sender(
      @Setting(help = "Sender, one address; a template; empty = smtp_from") String from) {}

  /** The mail server. */
  public record Server(
      @Setting(inline = true) Smarthost smarthost,
      @Setting(help = "Host name given in EHLO; empty = smtp_hello") String hello) {
    Server or(Globals g) {
      return new Server(
          new Smarthost(either(smarthost.smarthost, g.smtpSmarthost)), either(hello, g.smtpHello));
    }
  }

  /** The address of the mail server. */
  public record Smarthost(
      @Setting(help = "Mail server, host:port; empty = smtp_smarthost") String smarthost) {}

  /** How to log in. */
  public record Login(
      @Setting(help = "User name; empty = smtp_auth_username") String authUsername,
      @Setting(inline = true) Password password,
      @Setting(inline = true) SharedSecret secret,
      @Setting(inline = true) Identity identity) {
    Login or(Globals g) {
      return new Login(
          either(authUsername, g.smtpAuthUsername),
          password.isGiven() ? password : g.password(),
          secret.isGiven() ? secret : g.secret(),
          new Identity(either(identity.authIdentity, g.smtpAuthIdentity)));
    }
  }

  /** The password of PLAIN and LOGIN. */
  public record Password(
      @Setting(
              help = "Password for PLAIN and LOGIN; empty = smtp_auth_password",
              excludes = "auth_password_file")
          @Nullable Secret authPassword,
      @Setting(help = "File with the password, read for every mail", file = true)
          String authPasswordFile) {
    boolean isGiven() {
      return authPassword != null || !authPasswordFile.isEmpty();
    }
  }

  /** The secret of CRAM-MD5. */
  public record SharedSecret(
      @Setting(
              help = "Secret for CRAM-MD5; empty = smtp_auth_secret",
              excludes = "auth_secret_file")
          @Nullable Secret authSecret,
      @Setting(help = "File with the secret, read for every mail", file = true)
          String authSecretFile) {
    boolean isGiven() {
      return authSecret != null || !authSecretFile.isEmpty();
    }
  }

  /** Whom to act as. */
  public record Identity(
      @Setting(help = "Identity for PLAIN; empty = smtp_auth_identity") String authIdentity) {}

  /** TLS. */
  public record Encryption(
      @Setting(help = "Whether STARTTLS must succeed; absent = smtp_require_tls")
          @Nullable Boolean requireTls,
      @Setting(inline = true) ImplicitTls implicit,
      @Setting(help = "TLS settings; absent = smtp_tls_config", optional = true)
          @Nullable TlsSettings tlsConfig) {
    Encryption or(Globals g) {
      return new Encryption(
          requireTls == null ? Boolean.valueOf(g.smtpRequireTls) : requireTls,
          implicit.forceImplicitTls == null ? new ImplicitTls(g.smtpForceImplicitTls) : implicit,
          tlsConfig == null ? g.smtpTlsConfig : tlsConfig);
    }
  }

  /** TLS without STARTTLS. */
  public record ImplicitTls(
      @Setting(
              name = "force_implicit_tls",
              help =
                  "Whether TLS starts with the first byte; absent = smtp_force_implicit_tls, without that only on port 465")
          @Nullable Boolean forceImplicitTls) {}

  /** What is written; no key of {@code global} changes it. */
  public record Body(
      @Setting(
              help = "HTML body; a template; empty = none",
              defaultValue = "{{ template \"email.default.html\" . }}")
          String html,
      @Setting(help = "Plain text body; a template; empty = none") String text) {}

  /** Threads in mail programs. */
  public record Threading(
      @Setting(help = "Whether mails of one alert group form a thread", defaultValue = "false")
          boolean enabled,
      @Setting(
              help = "daily = a new thread every day (UTC), none = one thread; required if enabled")
          String threadByDate) {}

  /** The keys of {@code global} that this notifier reads. */
  public record Globals(
      @Setting(help = "Sender, one address; a template") String smtpFrom,
      @Setting(help = "Mail server, host:port") String smtpSmarthost,
      @Setting(help = "Host name given in EHLO", defaultValue = "localhost") String smtpHello,
      @Setting(help = "User name; empty = no login") String smtpAuthUsername,
      @Setting(help = "Password for PLAIN and LOGIN", excludes = "smtp_auth_password_file")
          @Nullable Secret smtpAuthPassword,
      @Setting(help = "File with the password, read for every mail", file = true)
          String smtpAuthPasswordFile,
      @Setting(help = "Secret for CRAM-MD5", excludes = "smtp_auth_secret_file")
          @Nullable Secret smtpAuthSecret,
      @Setting(help = "File with the secret, read for every mail", file = true)
          String smtpAuthSecretFile,
      @Setting(help = "Identity for PLAIN") String smtpAuthIdentity,
      @Setting(help = "Whether STARTTLS must succeed", defaultValue = "true")
          boolean smtpRequireTls,
      @Setting(help = "TLS settings", optional = true) @Nullable TlsSettings smtpTlsConfig,
      @Setting(
              name = "smtp_force_implicit_tls",
              help = "Whether TLS starts with the first byte; absent = only on port 465")
          @Nullable Boolean smtpForceImplicitTls) {
    /** Refuses a mail server without port. */
    public Globals {
      int colon = smtpSmarthost.lastIndexOf(':');
      if (!smtpSmarthost.isEmpty() && (colon < 0 || colon == smtpSmarthost.length() - 1)) {
        throw ConfigException.at(
            "smtp_smarthost", "address " + smtpSmarthost + ": missing port in address");
      }
    }

    Password password() {
      return new Password(smtpAuthPassword, smtpAuthPasswordFile);
    }

    SharedSecret secret() {
      return new SharedSecret(smtpAuthSecret, smtpAuthSecretFile);
    }
  }
}
