package io.narthex.notifier.email;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One entry of {@code email_configs}; what is absent comes from {@code global}. */
public record EmailConfig(
    @Setting(help = "Recipients, separated by commas; a template; has to be given") String to,
    @Setting(help = "Sender; a template; empty = smtp_from") String from,
    @Setting(help = "Mail server, host:port") String smarthost,
    @Setting(help = "Name given in EHLO") String hello,
    @Setting(help = "User name") String authUsername,
    @Setting(
            help = "Password for PLAIN and LOGIN; empty = smtp_auth_password",
            excludes = "auth_password_file")
        @Nullable Secret authPassword,
    @Setting(help = "File with the password") String authPasswordFile,
    @Setting(help = "Secret for CRAM-MD5; empty = smtp_auth_secret", excludes = "auth_secret_file")
        @Nullable Secret authSecret,
    @Setting(help = "File with the secret") String authSecretFile,
    @Setting(help = "Identity for PLAIN") String authIdentity,
    @Setting(help = "Whether STARTTLS must succeed; absent = smtp_require_tls")
        @Nullable Boolean requireTls,
    @Setting(name = "force_implicit_tls", help = "TLS from the first byte; default: on port 465")
        @Nullable Boolean forceImplicitTls,
    @Setting(help = "TLS settings", optional = true) @Nullable TlsSettings tlsConfig,
    @Setting(
            help = "HTML body; a template",
            defaultValue = "{{ template \"email.default.html\" . }}")
        String html,
    @Setting(help = "Plain text body; a template") String text,
    @Setting(help = "More headers; values are templates") Map<String, String> headers,
    @Setting(help = "Threads in mail programs") Threading threading) {
  /** Threads in mail programs. */
  public record Threading(
      @Setting(help = "Let mails of one alert group form a thread", defaultValue = "false")
          boolean enabled,
      @Setting(help = "none or daily: a new thread every day") String threadByDate) {}

  /** Keys of {@code global} that count here. */
  public record Globals(
      @Setting(help = "Sender") String smtpFrom,
      @Setting(help = "Mail server, host:port") String smtpSmarthost,
      @Setting(help = "Name given in EHLO", defaultValue = "localhost") String smtpHello,
      @Setting(help = "User name") String smtpAuthUsername,
      @Setting(help = "Password for PLAIN and LOGIN", excludes = "smtp_auth_password_file")
          @Nullable Secret smtpAuthPassword,
      @Setting(help = "File with the password") String smtpAuthPasswordFile,
      @Setting(help = "Secret for CRAM-MD5", excludes = "smtp_auth_secret_file")
          @Nullable Secret smtpAuthSecret,
      @Setting(help = "File with the secret") String smtpAuthSecretFile,
      @Setting(help = "Identity for PLAIN") String smtpAuthIdentity,
      @Setting(help = "Whether STARTTLS must succeed", defaultValue = "true")
          boolean smtpRequireTls,
      @Setting(help = "TLS settings", optional = true) @Nullable TlsSettings smtpTlsConfig,
      @Setting(name = "smtp_force_implicit_tls", help = "TLS from the first byte")
          @Nullable Boolean smtpForceImplicitTls) {
    /** Refuses a mail server without port. */
    public Globals {
      int colon = smtpSmarthost.lastIndexOf(':');
      if (!smtpSmarthost.isEmpty() && (colon < 0 || colon == smtpSmarthost.length() - 1)) {
        throw ConfigException.at(
            "smtp_smarthost", "address " + smtpSmarthost + ": missing port in address");
      }
    }
  }
}
