package io.narthex.notifier.email;

import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.subethamail.smtp.AuthenticationHandler;
import org.subethamail.smtp.AuthenticationHandlerFactory;
import org.subethamail.smtp.MessageContext;
import org.subethamail.smtp.MessageHandler;
import org.subethamail.smtp.RejectException;
import org.subethamail.smtp.auth.EasyAuthenticationHandlerFactory;
import org.subethamail.smtp.auth.LoginAuthenticationHandlerFactory;
import org.subethamail.smtp.auth.LoginFailedException;
import org.subethamail.smtp.auth.UsernamePasswordValidator;
import org.subethamail.smtp.server.SMTPServer;

/**
 * SubEthaSMTP on the loopback, which keeps the mails it takes: it alone reads and speaks the
 * protocol, this class decides what it takes. It knows one user, and nobody at {@code
 * unknown@example.org}.
 */
public final class MailServer implements AutoCloseable {
  /** The user that may log in. */
  public static final String USER = "alerts";

  /** The user's password; not ASCII, since it is UTF-8 on the wire. */
  public static final String PASSWORD = "geh€im & \"more\"";

  /** How the connection is secured; a server with TLS wants a login too. */
  public enum Security {
    /** Not at all, and without a login. */
    NONE,
    /** By STARTTLS, without which nothing is taken; PLAIN and LOGIN. */
    STARTTLS,
    /** From the first byte; LOGIN alone. */
    SMTPS
  }

  /**
   * A mail with its envelope.
   *
   * @param hello the name given in EHLO
   * @param user who logged in; empty: nobody
   * @param from the sender's address
   * @param to the recipients' addresses that were taken
   * @param text headers and body, with \n
   */
  public record Mail(String hello, String user, String from, List<String> to, String text) {
    /** Returns the mail as its recipient's program reads it. */
    public MimeMessage message() throws MessagingException {
      return new MimeMessage(
          Session.getInstance(new Properties()),
          new ByteArrayInputStream(
              text.replace("\n", "\r\n").getBytes(StandardCharsets.ISO_8859_1)));
    }
  }

  private final SMTPServer server;
  private final List<Mail> received = new CopyOnWriteArrayList<>();
  private final AtomicInteger refusals = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();
  private final AtomicInteger refusedLogins = new AtomicInteger();

  /** Starts a server without TLS and login. */
  public MailServer() {
    this(Security.NONE, null);
  }

  /** Starts a server; with TLS its keys are those of {@link #keys}. */
  public MailServer(Security security, @Nullable SSLContext tls) {
    SMTPServer.Builder builder =
        SMTPServer.port(0)
            .bindAddress(InetAddress.getLoopbackAddress())
            .hostName("mail.example.org")
            .insertReceivedHeaders(false)
            .messageHandlerFactory(Transaction::new);
    UsernamePasswordValidator users = (name, password, context) -> login(name, password);
    if (security == Security.STARTTLS && tls != null) {
      builder
          .enableTLS()
          .requireTLS()
          .startTlsSocketFactory(plain -> {
            SSLSocket secure = (SSLSocket) tls.getSocketFactory().createSocket(plain, null, true);
            secure.setUseClientMode(false);
            return secure;
          });
      login(builder, new EasyAuthenticationHandlerFactory(users));
    } else if (security == Security.SMTPS && tls != null) {
      builder.serverSocketFactory(tls);
      login(builder, new LoginAuthenticationHandlerFactory(users));
    } else if (security != Security.NONE) {
      throw new IllegalArgumentException("a server with TLS needs keys, got none");
    }
    server = builder.build();
    server.start();
  }

  private static void login(SMTPServer.Builder builder, AuthenticationHandlerFactory mechanisms) {
    builder.authenticationHandlerFactory(mechanisms).requireAuth();
  }

  private void login(String user, String password) throws LoginFailedException {
    if (!user.equals(USER) || !password.equals(PASSWORD)) {
      refusedLogins.incrementAndGet();
      throw new LoginFailedException();
    }
  }

  /**
   * Returns keys for 127.0.0.1 whose certificate, which nobody else signed, is then in {@code
   * certificate}.
   */
  public static SSLContext keys(Path certificate) throws IOException, InterruptedException {
    Path file = certificate.resolveSibling("mail-server.p12");
    keytool(file, "-genkeypair", "-keyalg", "EC", "-dname", "CN=mail", "-ext", "san=ip:127.0.0.1");
    keytool(file, "-exportcert", "-rfc", "-file", certificate.toString());
    try (InputStream in = Files.newInputStream(file)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(in, "changeit".toCharArray());
      KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
      keys.init(store, "changeit".toCharArray());
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), null, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void keytool(Path file, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("-alias", "k", "-keystore", file.toString(), "-storepass", "changeit"));
    Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (keytool.waitFor() != 0) {
      throw new IllegalStateException("keytool: " + output);
    }
  }

  /** One mail on its way. */
  private final class Transaction implements MessageHandler {
    private final MessageContext context;
    private final List<String> to = new ArrayList<>();
    private String from = "";

    Transaction(MessageContext context) {
      this.context = context;
    }

    @Override
    public void from(String sender) throws RejectException {
      if (refusals.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
        refused.incrementAndGet();
        throw new RejectException(451, "4.3.0 try again later");
      }
      from = sender;
    }

    @Override
    public void recipient(String recipient) throws RejectException {
      if (recipient.toLowerCase(Locale.ROOT).equals("unknown@example.org")) {
        refused.incrementAndGet();
        throw new RejectException(550, "5.1.1 no such mailbox");
      }
      to.add(recipient);
    }

    @Override
    public @Nullable String data(InputStream data) {
      try {
        received.add(
            new Mail(
                context.getHelo().orElse(""),
                context
                    .getAuthenticationHandler()
                    .map(AuthenticationHandler::getIdentity)
                    .map(Object::toString)
                    .orElse(""),
                from,
                List.copyOf(to),
                new String(data.readAllBytes(), StandardCharsets.ISO_8859_1)
                    .replace("\r\n", "\n")));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return null;
    }

    @Override
    public void done() {
      // nothing is held
    }
  }

  /** Returns the port. */
  public int port() {
    return server.getPortAllocated();
  }

  /** Refuses the next mails for now. */
  public void refuse(int mails) {
    refusals.set(mails);
  }

  /** Returns how many senders and recipients were refused so far. */
  public int refused() {
    return refused.get();
  }

  /** Returns how many logins were refused so far. */
  public int refusedLogins() {
    return refusedLogins.get();
  }

  /** Returns the mails so far. */
  public List<Mail> received() {
    return List.copyOf(received);
  }

  /** Forgets the mails so far. */
  public void clear() {
    received.clear();
  }

  @Override
  public void close() {
    server.stop();
  }
}
