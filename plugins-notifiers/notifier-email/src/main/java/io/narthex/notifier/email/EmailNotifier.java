package io.narthex.notifier.email;

import io.narthex.spi.config.Secret;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.notifier.TemplateRenderer.TemplateException;
import io.narthex.spi.plugin.PluginContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Sends notifications through one mail server, with a connection for each. Thread-safe. */
final class EmailNotifier implements Notifier {
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss Z", Locale.ENGLISH);

  private final EmailSettings settings;
  private final PluginContext context;

  EmailNotifier(EmailSettings settings, PluginContext context) {
    this.settings = settings;
    this.context = context;
  }

  @Override
  public SendResult send(Notification notification) throws InterruptedException {
    String from;
    List<String> to;
    byte[] message;
    try {
      List<String> senders = MailMessage.addresses(notification.templates().text(settings.from()));
      if (senders.size() != 1) {
        return SendResult.rejected("from must be exactly one address, got " + senders.size());
      }
      from = senders.get(0);
      to = MailMessage.addresses(notification.templates().text(settings.to()));
      message = message(notification);
    } catch (TemplateException e) {
      return SendResult.rejected("template cannot be expanded: " + e.getMessage());
    } catch (IllegalArgumentException e) {
      return SendResult.rejected(String.valueOf(e.getMessage()));
    }
    String password;
    String secret;
    try {
      password = reveal(settings.password(), settings.passwordFile());
      secret = reveal(settings.secret(), settings.secretFile());
    } catch (IOException e) {
      return SendResult.rejected("the file with the password or secret cannot be read");
    }
    try (SmtpClient client = new SmtpClient(settings, context.configDirectory())) {
      client.deliver(from, to, message, password, secret);
      return SendResult.delivered();
    } catch (ClosedByInterruptException e) {
      throw interrupted(e);
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw interrupted(e);
      }
      return SendResult.retryLater(settings.host() + ":" + settings.port() + ": " + e.getMessage());
    }
  }

  private static InterruptedException interrupted(Exception cause) {
    InterruptedException e = new InterruptedException("the host stops the notifier");
    e.initCause(cause);
    return e;
  }

  private String reveal(@Nullable Secret value, String file) throws IOException {
    if (value != null) {
      return value.reveal();
    }
    return file.isEmpty() ? "" : Files.readString(context.configDirectory().resolve(file)).strip();
  }

  private byte[] message(Notification n) {
    Map<String, String> headers = new LinkedHashMap<>();
    settings
        .headers()
        .forEach(
            (name, value) -> headers.put(name, MailMessage.encoded(n.templates().text(value))));
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
    if (settings.threading()) {
      String day = settings.threadDaily() ? now.toLocalDate().toString() : "";
      String thread =
          "<alert-" + sha256(n.groupKey()).substring(0, 16) + "-" + day + "@alertmanager>";
      headers.put("References", thread);
      headers.put("In-Reply-To", thread);
    }
    List<MailMessage.Part> parts = new ArrayList<>();
    if (!settings.text().isEmpty()) {
      parts.add(new MailMessage.Part("text/plain", n.templates().text(settings.text())));
    }
    if (!settings.html().isEmpty()) {
      parts.add(new MailMessage.Part("text/html", n.templates().html(settings.html())));
    }
    return MailMessage.bytes(headers, parts);
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
