package io.narthex.notifier.email;

import io.narthex.spi.config.Secret;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import io.narthex.spi.plugin.PluginContext;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.InternetAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.eclipse.angus.mail.smtp.SMTPMessage;
import org.jspecify.annotations.Nullable;

/** Sends notifications through a mail server, each over a new connection. Thread-safe. */
final class EmailNotifier implements Notifier {
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss Z", Locale.ENGLISH);

  private static final int MAX_CAUSES = 4;

  private final EmailSettings settings;
  private final PluginContext context;

  EmailNotifier(EmailSettings settings, PluginContext context) {
    this.settings = settings;
    this.context = context;
  }

  @Override
  public SendResult send(Notification notification) throws InterruptedException {
    String senders;
    String recipients;
    Map<String, String> headers;
    List<MailMessage.Part> parts;
    try {
      senders = notification.templates().text(settings.from());
      recipients = notification.templates().text(settings.to());
      headers = headers(notification);
      parts = parts(notification);
    } catch (TemplateException e) {
      return SendResult.rejected("template cannot be expanded: " + e.getMessage());
    }
    String password;
    String secret;
    try {
      password = password();
      secret = secret();
    } catch (IOException e) {
      return SendResult.rejected("the file with the password or secret cannot be read");
    }
    // the mail library finds its providers by the context class loader
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(EmailNotifier.class.getClassLoader());
    try {
      MailMessage mail;
      try {
        mail = mail(senders, recipients, headers, parts);
      } catch (IllegalArgumentException e) {
        return SendResult.rejected(String.valueOf(e.getMessage()));
      }
      return deliver(mail, password, secret);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private static MailMessage mail(
      String senders,
      String recipients,
      Map<String, String> headers,
      List<MailMessage.Part> parts) {
    InternetAddress[] from = MailMessage.addresses(senders);
    if (from.length != 1) {
      throw new IllegalArgumentException("from must be exactly one address, got " + from.length);
    }
    InternetAddress[] to = MailMessage.addresses(recipients);
    if (to.length == 0) {
      throw new IllegalArgumentException("to must have an address, got none");
    }
    return new MailMessage(from[0].getAddress(), to, headers, parts);
  }

  private SendResult deliver(MailMessage mail, String password, String secret)
      throws InterruptedException {
    Session session = MailTransport.session(settings, context, mail.needsUtf8());
    MailTransport transport = new MailTransport(session, settings, password, secret);
    try {
      transport.connect();
      SMTPMessage message = mail.mime(session);
      message.setMailExtension(transport.mailParameters());
      transport.sendMessage(message, mail.to());
      return SendResult.delivered();
    } catch (MessagingException e) {
      if (Thread.interrupted()) {
        throw interrupted(e);
      }
      return SendResult.retryLater(server() + ": " + reason(e));
    } finally {
      try {
        transport.close();
      } catch (MessagingException e) {
        // the outcome is known already: a failure to close changes nothing
      }
    }
  }

  /** Connects to the mail server and logs in, without sending a mail. */
  @Override
  public void probe() throws IOException, InterruptedException {
    String password = password();
    String secret = secret();
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(EmailNotifier.class.getClassLoader());
    Session session = MailTransport.session(settings, context, false);
    MailTransport transport = new MailTransport(session, settings, password, secret);
    try {
      transport.connect();
    } catch (MessagingException e) {
      if (Thread.interrupted()) {
        throw interrupted(e);
      }
      throw new IOException(server() + ": " + reason(e), e);
    } finally {
      try {
        transport.close();
      } catch (MessagingException e) {
        // the outcome is known already: a failure to close changes nothing
      }
      thread.setContextClassLoader(before);
    }
  }

  private String server() {
    return settings.address().host() + ":" + settings.address().port();
  }

  /** Returns the messages of an exception and its causes, each once. */
  private static String reason(Throwable problem) {
    Set<String> texts = new LinkedHashSet<>();
    for (Throwable t = problem; t != null && texts.size() < MAX_CAUSES; t = t.getCause()) {
      String text = t.getMessage() == null ? t.getClass().getSimpleName() : t.getMessage();
      texts.add(text.strip().replace("\r", "").replace("\n", " / "));
    }
    return String.join(": ", texts);
  }

  private static InterruptedException interrupted(Exception cause) {
    InterruptedException e = new InterruptedException("the host stops the notifier");
    e.initCause(cause);
    return e;
  }

  private String password() throws IOException {
    return reveal(settings.password().authPassword(), settings.password().authPasswordFile());
  }

  private String secret() throws IOException {
    return reveal(settings.secret().authSecret(), settings.secret().authSecretFile());
  }

  private String reveal(@Nullable Secret value, String file) throws IOException {
    if (value != null) {
      return value.reveal();
    }
    return file.isEmpty() ? "" : Files.readString(Path.of(file)).strip();
  }

  private Map<String, String> headers(Notification n) {
    Map<String, String> headers = new LinkedHashMap<>();
    settings
        .config()
        .headers()
        .forEach((name, value) -> headers.put(name, n.templates().text(value)));
    ZonedDateTime now = context.clock().instant().atZone(ZoneOffset.UTC);
    headers.putIfAbsent(
        "Message-Id",
        "<"
            + now.toEpochSecond()
            + String.format(Locale.ROOT, "%09d", now.getNano())
            + "."
            + Long.toUnsignedString(ThreadLocalRandom.current().nextLong())
            + "@"
            + hostName()
            + ">");
    headers.putIfAbsent("Date", DATE.format(now));
    if (settings.config().threading().enabled()) {
      String day = settings.threadDaily() ? now.toLocalDate().toString() : "";
      String thread =
          "<alert-" + sha256(n.groupKey()).substring(0, 16) + "-" + day + "@alertmanager>";
      headers.put("References", thread);
      headers.put("In-Reply-To", thread);
    }
    return headers;
  }

  private List<MailMessage.Part> parts(Notification n) {
    List<MailMessage.Part> parts = new ArrayList<>();
    EmailConfig.Body body = settings.config().body();
    if (!body.text().isEmpty()) {
      parts.add(new MailMessage.Part("plain", n.templates().text(body.text())));
    }
    if (!body.html().isEmpty()) {
      parts.add(new MailMessage.Part("html", n.templates().html(body.html())));
    }
    return parts;
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost.localdomain";
    }
  }

  private static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    // holds nothing between two mails
  }
}
