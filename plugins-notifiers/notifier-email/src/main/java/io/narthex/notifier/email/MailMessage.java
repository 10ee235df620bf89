package io.narthex.notifier.email;

import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.AddressException;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeBodyPart;
import jakarta.mail.internet.MimeMultipart;
import jakarta.mail.internet.MimeUtility;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UnsupportedEncodingException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.eclipse.angus.mail.smtp.SMTPMessage;

/**
 * A mail that is ready to be sent.
 *
 * @param from the bare address of the sender, for the envelope
 * @param to recipients of the envelope
 * @param headers readable, not yet encoded
 * @param parts bodies, the plainest first
 */
record MailMessage(
    String from, InternetAddress[] to, Map<String, String> headers, List<Part> parts) {
  private static final String CHARSET = "UTF-8";

  /** One body; {@code subtype} of text. */
  record Part(String subtype, String text) {}

  /** Returns whether an address of the envelope has other characters than ASCII. */
  boolean needsUtf8() {
    return Stream.concat(Stream.of(from), Stream.of(to).map(InternetAddress::getAddress))
        .anyMatch(address -> address.chars().anyMatch(c -> c > 127));
  }

  /** Returns the message for a session. */
  SMTPMessage mime(Session session) throws MessagingException {
    SMTPMessage message = new Message(session);
    message.setEnvelopeFrom(from);
    MimeMultipart alternatives = new MimeMultipart("alternative");
    for (Part p : parts.isEmpty() ? List.of(new Part("plain", "")) : parts) {
      MimeBodyPart body = new MimeBodyPart();
      body.setText(p.text(), CHARSET, p.subtype());
      body.setHeader("Content-Transfer-Encoding", "quoted-printable");
      alternatives.addBodyPart(body);
    }
    message.setContent(alternatives);
    for (Map.Entry<String, String> h : headers.entrySet()) {
      message.setHeader(h.getKey(), encoded(h.getKey(), h.getValue()));
    }
    message.saveChanges();
    return message;
  }

  private static String encoded(String name, String value) throws MessagingException {
    String oneLine = value.replace('\r', ' ').replace('\n', ' ');
    try {
      String words = MimeUtility.encodeText(oneLine, "utf-8", "Q");
      // the original writes q in lower case
      return MimeUtility.fold(name.length() + 2, words.replace("=?utf-8?Q?", "=?utf-8?q?"));
    } catch (UnsupportedEncodingException e) {
      throw new MessagingException("UTF-8 is unknown", e);
    }
  }

  /**
   * Reads a list of addresses such as {@code Ops <ops@example.org>, me@example.org}.
   *
   * @throws IllegalArgumentException when one is not an address
   */
  static InternetAddress[] addresses(String list) {
    try {
      InternetAddress[] out = InternetAddress.parse(list, true);
      for (InternetAddress a : out) {
        if (a.isGroup()) {
          throw new AddressException("a group is not an address", a.toString());
        }
        a.validate();
      }
      return out;
    } catch (AddressException e) {
      throw new IllegalArgumentException("not a mail address: " + e.getMessage(), e);
    }
  }

  /** Keeps the Message-Id and Bcc of its headers. */
  private static final class Message extends SMTPMessage {
    Message(Session session) {
      super(session);
    }

    @Override
    public void writeTo(OutputStream out, String[] ignored) throws IOException, MessagingException {
      super.writeTo(out, Stream.of(ignored).filter(h -> !h.equals("Bcc")).toArray(String[]::new));
    }

    @Override
    protected void updateMessageID() {
      // it is one of the headers
    }
  }
}
