package io.narthex.notifier.email;

import io.narthex.spi.plugin.PluginContext;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.URLName;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.PasswordCallback;
import javax.security.sasl.Sasl;
import javax.security.sasl.SaslClient;
import javax.security.sasl.SaslException;
import org.eclipse.angus.mail.smtp.SMTPTransport;

/**
 * Angus Mail's SMTP transport with the login of Alertmanager: the first mechanism of the server's
 * list for which there is a password or secret. Angus has one password for all mechanisms and an
 * order of its own, and its SASL support registers a security provider, which would hold the
 * plugin's class loader for ever; so the mechanisms are those of the JDK. Confined to one thread.
 */
final class MailTransport extends SMTPTransport {
  private static final String CONNECT_TIMEOUT_MS = "10000";
  private static final String READ_TIMEOUT_MS = "30000";
  private static final String ALLOW_UTF8 = "mail.mime.allowutf8";
  private static final int AUTHENTICATED = 235;
  private static final int CHALLENGE = 334;

  private final EmailSettings settings;
  private final String password;
  private final String secret;

  MailTransport(Session session, EmailSettings settings, String password, String secret) {
    super(session, url(settings.address()));
    this.settings = settings;
    this.password = password;
    this.secret = secret;
  }

  private static URLName url(EmailSettings.Address address) {
    return new URLName("smtp", address.host(), address.port(), null, null, null);
  }

  /**
   * Returns a session for these settings that shares nothing with others.
   *
   * @param utf8 whether an address has other characters than ASCII
   */
  static Session session(EmailSettings settings, PluginContext context, boolean utf8) {
    Properties p = new Properties();
    // commands are in UTF-8 then, else in ISO-8859-1
    p.setProperty(ALLOW_UTF8, Boolean.toString(utf8));
    p.setProperty("mail.smtp.localhost", settings.hello());
    p.setProperty("mail.smtp.connectiontimeout", CONNECT_TIMEOUT_MS);
    p.setProperty("mail.smtp.timeout", READ_TIMEOUT_MS);
    // an interrupt closes the socket of a channel
    p.setProperty("mail.smtp.usesocketchannels", "true");
    // no other socket factory when this one fails
    p.setProperty("mail.smtp.socketFactory.fallback", "false");
    p.setProperty("mail.smtp.ssl.enable", Boolean.toString(settings.implicitTls()));
    p.setProperty(
        "mail.smtp.starttls.required",
        Boolean.toString(settings.requireTls() && !settings.implicitTls()));
    // the host's sockets check it, with server_name
    p.setProperty("mail.smtp.ssl.checkserveridentity", "false");
    p.put("mail.smtp.ssl.socketFactory", context.tls(settings.tls()));
    return Session.getInstance(p);
  }

  /** Returns the parameters of MAIL FROM: the extensions that the server offers, as in Go. */
  String mailParameters() {
    List<String> words = new ArrayList<>();
    if (supportsExtension("8BITMIME")) {
      words.add("BODY=8BITMIME");
    }
    if (supportsExtension("SMTPUTF8") && !Boolean.parseBoolean(session.getProperty(ALLOW_UTF8))) {
      words.add("SMTPUTF8"); // else Angus adds it itself
    }
    return String.join(" ", words);
  }

  @Override
  protected boolean ehlo(String domain) throws MessagingException {
    boolean known = super.ehlo(domain);
    if (known && getRequireStartTLS() && !isSSL() && !supportsExtension("STARTTLS")) {
      throw new MessagingException(
          "'require_tls' is true (default) but the server does not advertise STARTTLS");
    }
    return known;
  }

  @Override
  protected synchronized boolean protocolConnect(String host, int port, String u, String p)
      throws MessagingException {
    @SuppressWarnings("NullAway") // null: the transport itself does not log in
    boolean connected = super.protocolConnect(host, port, null, null);
    String offered = getExtensionParameter("AUTH");
    if (connected && !settings.username().isEmpty() && offered != null) {
      boolean done = false;
      try {
        authenticate(offered);
        done = true;
      } finally {
        if (!done) {
          leave();
        }
      }
    }
    return connected;
  }

  /** Closes a connection without login. */
  private void leave() {
    setConnected(true);
    try {
      close();
    } catch (MessagingException e) {
      // the connection is closed either way
    }
  }

  private void authenticate(String offered) throws MessagingException {
    List<String> problems = new ArrayList<>();
    for (String name : offered.strip().split(" +")) {
      String mechanism = name.toUpperCase(Locale.ROOT);
      switch (mechanism) {
        case "CRAM-MD5" -> {
          if (!secret.isEmpty()) {
            sasl(mechanism, secret);
            return;
          }
          problems.add("missing secret for CRAM-MD5 auth mechanism");
        }
        case "PLAIN" -> {
          if (!password.isEmpty()) {
            if (!isSSL() && !isLocal(settings.address().host())) {
              throw new MessagingException("PLAIN auth failed: unencrypted connection");
            }
            sasl(mechanism, password);
            return;
          }
          problems.add("missing password for PLAIN auth mechanism");
        }
        case "LOGIN" -> {
          if (!password.isEmpty()) {
            expect(mechanism, simpleCommand("AUTH LOGIN"), CHALLENGE);
            expect(mechanism, simpleCommand(base64(bytes(settings.username()))), CHALLENGE);
            expect(mechanism, simpleCommand(base64(bytes(password))), AUTHENTICATED);
            return;
          }
          problems.add("missing password for LOGIN auth mechanism");
        }
        default -> {}
      }
    }
    throw new MessagingException(
        problems.isEmpty() ? "unknown auth mechanism: " + offered : String.join("; ", problems));
  }

  private static boolean isLocal(String host) {
    return host.equals("localhost") || host.equals("127.0.0.1") || host.equals("::1");
  }

  private void sasl(String mechanism, String credential) throws MessagingException {
    String identity = settings.identity().isEmpty() ? null : settings.identity();
    try {
      SaslClient client =
          Sasl.createSaslClient(
              new String[] {mechanism},
              identity,
              "smtp",
              settings.address().host(),
              Map.of(),
              callbacks -> answer(callbacks, credential));
      if (client == null) {
        throw new MessagingException(mechanism + " is not available");
      }
      String first =
          client.hasInitialResponse() ? " " + base64(client.evaluateChallenge(new byte[0])) : "";
      int code = simpleCommand("AUTH " + mechanism + first);
      while (code == CHALLENGE && !client.isComplete()) {
        code = simpleCommand(base64(client.evaluateChallenge(challenge())));
      }
      expect(mechanism, code, AUTHENTICATED);
      client.dispose();
    } catch (SaslException e) {
      throw new MessagingException("AUTH " + mechanism + ": " + e.getMessage(), e);
    }
  }

  private void answer(Callback[] callbacks, String credential) {
    for (Callback c : callbacks) {
      if (c instanceof NameCallback name) {
        name.setName(settings.username());
      } else if (c instanceof PasswordCallback answer) {
        answer.setPassword(credential.toCharArray());
      }
    }
  }

  private byte[] challenge() throws MessagingException {
    String reply = getLastServerResponse().strip();
    try {
      return Base64.getDecoder().decode(reply.length() > 4 ? reply.substring(4) : "");
    } catch (IllegalArgumentException e) {
      throw new MessagingException("the challenge is not Base64", e);
    }
  }

  private void expect(String mechanism, int got, int code) throws MessagingException {
    if (got != code) {
      throw new MessagingException("AUTH " + mechanism + ": " + getLastServerResponse());
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
