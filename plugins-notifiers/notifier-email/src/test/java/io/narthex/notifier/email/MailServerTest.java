package io.narthex.notifier.email;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Alert;
import io.narthex.model.Labels;
import io.narthex.notifier.email.MailServer.Mail;
import io.narthex.notifier.email.MailServer.Security;
import io.narthex.spi.config.Secret;
import io.narthex.spi.notifier.Notification;
import io.narthex.spi.notifier.Notification.NotifiedAlert;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import io.narthex.testkit.FakeClock;
import io.narthex.testkit.TestPluginContext;
import io.narthex.testkit.notifier.PlainHttp;
import io.narthex.testkit.notifier.StubTemplates;
import jakarta.mail.BodyPart;
import jakarta.mail.Message.RecipientType;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Mails to a server that is not ours: what {@link SmtpSink} takes the way we understand the
 * protocol is taken here the way its authors do. What a server does not do of itself is scripted
 * there.
 */
@NullUnmarked
class MailServerTest {
  private static final Instant STARTED = Instant.parse("2026-01-02T03:04:05.678Z");
  private static final String TEXT =
      ".a leading dot\n..and two, ümlauts, a tab\t, blanks at the end  \n.\n"
          + "a line that is much longer than the seventy-six characters a line may have, = and all\n"
          + "From the beginning of a line\n";

  @TempDir private static Path folder;
  private static MailServer startTls;
  private static MailServer smtps;
  private final EmailNotifierProvider provider = new EmailNotifierProvider();

  // the block under test; a test changes what it is about
  private String to = "Ops <ops@example.org>, \"Second, of two\" <two@example.org>";
  private String user = MailServer.USER;
  private String password = MailServer.PASSWORD;
  private String caFile = "ca.pem";
  private boolean requireTls = true;

  @BeforeAll
  static void start() throws Exception {
    SSLContext keys = MailServer.keys(folder.resolve("ca.pem"));
    startTls = new MailServer(Security.STARTTLS, keys);
    smtps = new MailServer(Security.SMTPS, keys);
  }

  @AfterAll
  static void stop() {
    startTls.close();
    smtps.close();
  }

  @BeforeEach
  void forget() {
    startTls.clear();
    smtps.clear();
  }

  private Notifier open(MailServer server) {
    EmailConfig config =
        new EmailConfig(
            new EmailConfig.Envelope(to, new EmailConfig.Sender("Narthex <alerts@example.org>")),
            new EmailConfig.Server(
                new EmailConfig.Smarthost("127.0.0.1:" + server.port()), "me.example.org"),
            new EmailConfig.Login(
                user,
                new EmailConfig.Password(password.isEmpty() ? null : Secret.of(password), ""),
                new EmailConfig.SharedSecret(null, ""),
                new EmailConfig.Identity("")),
            new EmailConfig.Encryption(
                requireTls,
                new EmailConfig.ImplicitTls(server == smtps),
                new TlsSettings("", caFile, "", "", null, "", "", false, "", "")),
            new EmailConfig.Body("<p>Größe</p>", TEXT),
            Map.of("Subject", "Größe {{ .Status }}", "X-Team", "ops"),
            new EmailConfig.Threading(false, ""));
    return provider.open(
        config,
        new EmailConfig.Globals("", "", "", "", null, "", null, "", "", true, null, null),
        new HostTls(
            new TestPluginContext(folder, new FakeClock(STARTED.toEpochMilli()), new PlainHttp())));
  }

  private static Notification notification() {
    NotifiedAlert alert =
        new NotifiedAlert(
            new Alert(
                Labels.of("alertname", "A"), Labels.EMPTY, STARTED, STARTED.plusSeconds(3600), ""),
            true,
            "a1b2c3d4e5f60718");
    return new Notification(
        "team",
        "{}:{alertname=\"A\"}",
        "0123456789abcdef",
        "first notification",
        Labels.of("alertname", "A"),
        Labels.EMPTY,
        List.of(alert),
        0,
        "http://am:9093",
        new StubTemplates(Map.of(".Status", "firing")));
  }

  private SendResult send(MailServer server) throws Exception {
    try (Notifier notifier = open(server)) {
      return notifier.send(notification());
    }
  }

  private String refusal(MailServer server) throws Exception {
    SendResult result = send(server);
    assertThat(result).isInstanceOf(SendResult.RetryLater.class);
    assertThat(server.received()).isEmpty();
    return ((SendResult.RetryLater) result).reason();
  }

  private void arrives(MailServer server) throws Exception {
    assertThat(send(server)).isEqualTo(SendResult.delivered());
    assertThat(server.received()).hasSize(1);
    Mail mail = server.received().getFirst();
    assertThat(mail.hello()).isEqualTo("me.example.org");
    assertThat(mail.user()).isEqualTo(MailServer.USER);
    assertThat(mail.from()).isEqualTo("alerts@example.org");
    assertThat(mail.to()).containsExactly("ops@example.org", "two@example.org");
    MimeMessage message = mail.message();
    assertThat(message.getSubject()).isEqualTo("Größe firing");
    assertThat(message.getHeader("X-Team")).containsExactly("ops");
    assertThat(message.getFrom())
        .containsExactly(new InternetAddress("alerts@example.org", "Narthex"));
    assertThat(message.getRecipients(RecipientType.TO))
        .containsExactly(
            new InternetAddress("ops@example.org", "Ops"),
            new InternetAddress("two@example.org", "Second, of two"));
    assertThat(message.getSentDate()).isEqualTo("2026-01-02T03:04:05Z");
    assertThat(message.getContentType()).startsWith("multipart/alternative;");
    MimeMultipart bodies = (MimeMultipart) message.getContent();
    assertThat(bodies.getCount()).isEqualTo(2);
    body(bodies.getBodyPart(0), "text/plain; charset=UTF-8", TEXT);
    body(bodies.getBodyPart(1), "text/html; charset=UTF-8", "<p>Größe</p>");
  }

  private static void body(BodyPart part, String type, String text) throws Exception {
    assertThat(part.getContentType()).isEqualTo(type);
    assertThat(part.getContent().toString().replace("\r\n", "\n")).isEqualTo(text);
  }

  @Test
  void mailArrivesByStartTlsAndPlain() throws Exception {
    arrives(startTls);
  }

  @Test
  void mailArrivesByTlsFromTheFirstByteAndLogin() throws Exception {
    arrives(smtps);
  }

  @Test
  void refusedLoginIsTriedAgainAndNamesTheAnswer() throws Exception {
    password = "wrong";
    int before = startTls.refusedLogins();
    assertThat(refusal(startTls)).contains("AUTH PLAIN", "535", "credentials invalid");
    assertThat(startTls.refusedLogins()).isEqualTo(before + 1);
    before = smtps.refusedLogins();
    assertThat(refusal(smtps)).contains("AUTH LOGIN", "535", "credentials invalid");
    assertThat(smtps.refusedLogins()).isEqualTo(before + 1);
  }

  @Test
  void serverThatWantsALoginRefusesAMailWithoutOne() throws Exception {
    user = "";
    password = "";
    assertThat(refusal(startTls)).contains("530");
  }

  @Test
  void serverThatWantsTlsRefusesAMailWithoutIt() throws Exception {
    requireTls = false;
    int before = startTls.refusedLogins();
    assertThat(refusal(startTls)).contains("530");
    assertThat(startTls.refusedLogins()).as("no password is sent in the open").isEqualTo(before);
  }

  @Test
  void refusedRecipientEndsTheMailForAll() throws Exception {
    to = "ops@example.org, unknown@example.org, two@example.org";
    assertThat(refusal(startTls)).contains("550 5.1.1 no such mailbox");
  }

  @Test
  void mailRefusedForNowArrivesWithTheNextAttempt() throws Exception {
    startTls.refuse(1);
    assertThat(refusal(startTls)).contains("451 4.3.0 try again later");
    arrives(startTls);
  }

  @Test
  void serverWithACertificateNobodyKnowsGetsNoMail() throws Exception {
    caFile = "";
    for (MailServer server : List.of(startTls, smtps)) {
      assertThat(refusal(server)).contains("unable to find valid certification path");
    }
  }

  @Test
  void probeLogsInAndSendsNothing() throws Exception {
    for (MailServer server : List.of(startTls, smtps)) {
      try (Notifier notifier = open(server)) {
        notifier.probe();
      }
      assertThat(server.received()).isEmpty();
    }
    password = "wrong";
    try (Notifier notifier = open(startTls)) {
      assertThatThrownBy(notifier::probe)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("535");
    }
  }
}
