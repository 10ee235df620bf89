package io.narthex.notifier.email;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.Secret;
import io.narthex.spi.notifier.Notifier;
import io.narthex.spi.notifier.NotifierProvider;
import io.narthex.spi.notifier.SendResult;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import io.narthex.spi.plugin.PluginContext;
import io.narthex.testkit.notifier.NotifierKit;
import jakarta.activation.DataHandler;
import jakarta.mail.Header;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeBodyPart;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import jakarta.mail.internet.MimeUtility;
import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.Provider;
import java.security.Security;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.eclipse.angus.mail.smtp.SMTPTransport;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@NullUnmarked
class EmailNotifierTest extends NotifierKit {
  private final SmtpSink sink;
  private final EmailNotifierProvider provider = new EmailNotifierProvider();

  // the block under test; a test changes what it is about
  private String to = "Ops <ops@example.org>, \"Second, of two\" <two@example.org>";
  private Map<String, String> headers = Map.of();
  private String text = "";
  private String html = "{{ template \"email.default.html\" . }}";
  private String from = "";
  private String host = "127.0.0.1";
  private String username = "";
  private String password;
  private String secret;
  private boolean requireTls;
  private Boolean implicitTls;
  private TlsSettings tls;
  private HostTls hostTls;
  private EmailConfig.Threading threading = new EmailConfig.Threading(false, "");

  EmailNotifierTest() throws IOException {
    sink = new SmtpSink();
  }

  @AfterEach
  void stop() throws IOException {
    sink.close();
  }

  @Override
  protected Notifier open(PluginContext context) {
    EmailConfig config =
        new EmailConfig(
            new EmailConfig.Envelope(to, new EmailConfig.Sender(from)),
            new EmailConfig.Server(new EmailConfig.Smarthost(host + ":" + sink.port()), ""),
            new EmailConfig.Login(
                username,
                new EmailConfig.Password(password == null ? null : Secret.of(password), ""),
                new EmailConfig.SharedSecret(secret == null ? null : Secret.of(secret), ""),
                new EmailConfig.Identity("")),
            new EmailConfig.Encryption(requireTls, new EmailConfig.ImplicitTls(implicitTls), tls),
            new EmailConfig.Body(html, text),
            headers,
            threading);
    return provider.open(config, globals(), context);
  }

  private static EmailConfig.Globals globals() {
    return new EmailConfig.Globals(
        "alerts@example.org", "", "me.example.org", "", null, "", null, "", "", true, null, null);
  }

  @Override
  protected void peer(Peer behaviour) {
    sink.busy = behaviour == Peer.FAILS_FOR_NOW;
    sink.hangs = behaviour == Peer.HANGS;
  }

  @Override
  protected int received() {
    return sink.tries.get();
  }

  private SmtpSink.Mail sent() throws Exception {
    try (Notifier n = open(context())) {
      assertThat(n.send(notification(firing("A")))).isEqualTo(SendResult.delivered());
    }
    return sink.mails.get(0);
  }

  @Test
  void mailsNameTheExtensionsTheServerOffers() throws Exception {
    sink.extensions = List.of("8BITMIME", "SMTPUTF8", "SIZE 1000000");
    assertThat(sent().from()).isEqualTo("MAIL FROM:<alerts@example.org> BODY=8BITMIME SMTPUTF8");
    sink.mails.clear();
    sink.extensions = List.of("8BITMIME");
    assertThat(sent().from()).isEqualTo("MAIL FROM:<alerts@example.org> BODY=8BITMIME");
    sink.mails.clear();
    sink.extensions = List.of("SMTPUTF8");
    assertThat(sent().from()).isEqualTo("MAIL FROM:<alerts@example.org> SMTPUTF8");
  }

  @Test
  void portsMayBeNamesOfServices() {
    assertThat(EmailSettings.Address.of("h:smtp")).isEqualTo(new EmailSettings.Address("h", 25));
    assertThat(EmailSettings.Address.of("[::1]:submission"))
        .isEqualTo(new EmailSettings.Address("::1", 587));
    assertThatThrownBy(() -> EmailSettings.Address.of("h:nope"))
        .isInstanceOf(ConfigException.class);
  }

  @Test
  void addressesGoOutInUtf8() throws Exception {
    to = "jörg@exämple.org";
    assertThat(sent().to()).containsExactly("RCPT TO:<jörg@exämple.org>");
    sink.mails.clear();
    sink.extensions = List.of("8BITMIME", "SMTPUTF8");
    headers = Map.of("To", "Jörg <jörg@exämple.org>", "Bcc", "all@example.org");
    SmtpSink.Mail mail = sent();
    assertThat(mail.to()).containsExactly("RCPT TO:<jörg@exämple.org>");
    assertThat(mail.from()).isEqualTo("MAIL FROM:<alerts@example.org> SMTPUTF8 BODY=8BITMIME");
    assertThat(mail.data()).contains("Bcc: all@example.org").doesNotContain("ö");
  }

  @Test
  void mailHasEnvelopeHeadersAndBothBodies() throws Exception {
    text =
        ".leading dot, ümlaut and a line that is much longer than the seventy-six chars a line may have";
    headers = Map.of("x-team", "Größe {{ .Status }}");
    SmtpSink.Mail mail = sent();
    assertThat(mail.from()).isEqualTo("MAIL FROM:<alerts@example.org>");
    assertThat(mail.to()).containsExactly("RCPT TO:<ops@example.org>", "RCPT TO:<two@example.org>");
    assertThat(mail.commands()).contains("EHLO me.example.org");
    assertThat(mail.data())
        .contains("Subject: <email.default.subject>\n")
        .contains("To: Ops <ops@example.org>, \"Second, of two\" <two@example.org>\n")
        .contains("From: alerts@example.org\n")
        .contains("X-Team: =?utf-8?q?Gr=C3=B6=C3=9Fe_firing?=\n")
        .contains("Date: Fri, 02 Jan 2026 03:04:05 +0000\n")
        .containsPattern("Message-Id: <1767323045678000000\\.\\d+@.+>\n")
        .contains("MIME-Version: 1.0\n")
        .containsPattern("Content-Type: multipart/alternative;\\s+boundary=")
        .contains("Content-Type: text/plain; charset=UTF-8\n")
        .contains("Content-Transfer-Encoding: quoted-printable\n\n.leading dot, =C3=BCmlaut")
        .contains("=\n")
        .contains("Content-Type: text/html; charset=UTF-8\n")
        .contains("\n\n<email.default.html>");
    assertThat(mail.data().indexOf("text/plain")).isLessThan(mail.data().indexOf("text/html"));
    assertThat(mail.data().lines().allMatch(l -> l.length() <= 110)).isTrue();
  }

  private static MimeMessage parsed(SmtpSink.Mail mail) throws Exception {
    return new MimeMessage(
        Session.getInstance(new Properties()),
        new ByteArrayInputStream(mail.data().getBytes(StandardCharsets.US_ASCII)));
  }

  @Test
  void headersAndPartsAreThoseOfTheOriginalAndNoOthers() throws Exception {
    text = "täxt";
    MimeMessage mail = parsed(sent());
    assertThat(Collections.list(mail.getAllHeaders()).stream().map(Header::getName))
        .containsExactlyInAnyOrder(
            "Subject", "To", "From", "Message-Id", "Date", "MIME-Version", "Content-Type");
    assertThat(mail.getContentType()).startsWith("multipart/alternative;");
    MimeMultipart parts = (MimeMultipart) mail.getContent();
    List<String> types = new ArrayList<>();
    for (int i = 0; i < parts.getCount(); i++) {
      MimeBodyPart part = (MimeBodyPart) parts.getBodyPart(i);
      assertThat(Collections.list(part.getAllHeaders()).stream().map(Header::getName))
          .containsExactlyInAnyOrder("Content-Type", "Content-Transfer-Encoding");
      assertThat(part.getEncoding()).isEqualTo("quoted-printable");
      types.add(part.getContentType());
    }
    assertThat(types).containsExactly("text/plain; charset=UTF-8", "text/html; charset=UTF-8");
    assertThat(parts.getBodyPart(0).getContent()).isEqualTo("täxt");
    assertThat(parts.getBodyPart(1).getContent()).isEqualTo("<email.default.html>");
  }

  @Test
  void bodyThatIsNotConfiguredIsLeftOut() throws Exception {
    MimeMultipart parts = (MimeMultipart) parsed(sent()).getContent();
    assertThat(parts.getCount()).isEqualTo(1);
    assertThat(parts.getBodyPart(0).getContentType()).isEqualTo("text/html; charset=UTF-8");
    html = "";
    text = "only";
    sink.mails.clear();
    parts = (MimeMultipart) parsed(sent()).getContent();
    assertThat(parts.getCount()).isEqualTo(1);
    assertThat(parts.getBodyPart(0).getContentType()).isEqualTo("text/plain; charset=UTF-8");
  }

  @Test
  void longHeadersAreFoldedAndReadBackTheSame() throws Exception {
    String subject = "Größe: " + "sehr großer Füllstand auf allen Knoten, ".repeat(8) + "Ende";
    headers = Map.of("Subject", subject, "X-Ascii", "word ".repeat(40) + "end");
    SmtpSink.Mail mail = sent();
    String head = mail.data().substring(0, mail.data().indexOf("\n\n"));
    // the name of the header is not counted, as there
    assertThat(head.lines()).allMatch(l -> l.replaceFirst("^[\\w-]+: ", "").length() <= 76);
    assertThat(head).contains("Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe:_").doesNotContain("?Q?");
    assertThat(parsed(mail).getSubject()).isEqualTo(subject);
    assertThat(MimeUtility.unfold(parsed(mail).getHeader("X-Ascii")[0]))
        .isEqualTo("word ".repeat(40) + "end");
  }

  @Test
  void ownIdAndDateWin() throws Exception {
    headers = Map.of("message-id", "<mine@example.org>", "Date", "Thu, 01 Jan 2026 00:00:00 +0100");
    MimeMessage mail = parsed(sent());
    assertThat(mail.getHeader("Message-Id")).containsExactly("<mine@example.org>");
    assertThat(mail.getHeader("Date")).containsExactly("Thu, 01 Jan 2026 00:00:00 +0100");
  }

  @Test
  void threadHeadersFollowGroupAndDay() throws Exception {
    String group = notification(firing("A")).groupKey();
    String hash =
        HexFormat.of()
            .formatHex(
                MessageDigest.getInstance("SHA-256").digest(group.getBytes(StandardCharsets.UTF_8)))
            .substring(0, 16);
    threading = new EmailConfig.Threading(true, "daily");
    assertThat(sent().data())
        .contains("References: <alert-" + hash + "-2026-01-02@alertmanager>\n")
        .contains("In-Reply-To: <alert-" + hash + "-2026-01-02@alertmanager>\n");
    threading = new EmailConfig.Threading(true, "none");
    sink.mails.clear();
    assertThat(sent().data()).contains("References: <alert-" + hash + "-@alertmanager>\n");
  }

  @Test
  void takesTheFirstMechanismThatFits() throws Exception {
    sink.extensions = List.of("AUTH CRAM-MD5 LOGIN PLAIN");
    username = "u";
    password = "p";
    assertThat(sent().commands()).contains("AUTH LOGIN", base64("u"), base64("p"));
    sink.mails.clear();
    sink.extensions = List.of("AUTH XOAUTH2 PLAIN LOGIN");
    assertThat(sent().commands()).contains("AUTH PLAIN " + base64("\0u\0p"));
  }

  /** Returns a block with nothing but a recipient; what is null or empty is the global key's. */
  private EmailConfig bare(String sender, String server, String hello, String passwordFile) {
    return new EmailConfig(
        new EmailConfig.Envelope(to, new EmailConfig.Sender(sender)),
        new EmailConfig.Server(new EmailConfig.Smarthost(server), hello),
        new EmailConfig.Login(
            passwordFile.isEmpty() ? "" : "own",
            new EmailConfig.Password(null, passwordFile),
            new EmailConfig.SharedSecret(null, ""),
            new EmailConfig.Identity("")),
        new EmailConfig.Encryption(null, new EmailConfig.ImplicitTls(null), null),
        new EmailConfig.Body(html, text),
        headers,
        threading);
  }

  private List<String> commandsOf(EmailConfig config, EmailConfig.Globals globals)
      throws Exception {
    sink.mails.clear();
    try (Notifier n = provider.open(config, globals, context())) {
      assertThat(n.send(notification(firing("A")))).isEqualTo(SendResult.delivered());
    }
    SmtpSink.Mail mail = sink.mails.get(0);
    List<String> all = new ArrayList<>(mail.commands());
    all.add(mail.from());
    return all;
  }

  @Test
  void globalKeysStandInForThoseThatAreAbsent(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("secret");
    Files.writeString(file, "filed");
    String server = host + ":" + sink.port();
    sink.extensions = List.of("AUTH PLAIN");
    assertThat(
            commandsOf(
                bare("", "", "", ""),
                new EmailConfig.Globals(
                    "g@example.org",
                    server,
                    "g.example.org",
                    "gu",
                    Secret.of("gp"),
                    "",
                    null,
                    "",
                    "gi",
                    false,
                    null,
                    null)))
        .contains(
            "EHLO g.example.org",
            "AUTH PLAIN " + base64("gi\0gu\0gp"),
            "MAIL FROM:<g@example.org>");
    assertThat(
            commandsOf(
                bare("", "", "", ""),
                new EmailConfig.Globals(
                    "g@example.org",
                    server,
                    "",
                    "gu",
                    null,
                    file.toString(),
                    null,
                    "",
                    "",
                    false,
                    null,
                    null)))
        .contains("AUTH PLAIN " + base64("\0gu\0filed"));
    sink.extensions = List.of("AUTH CRAM-MD5");
    assertThat(
            commandsOf(
                bare("", "", "", ""),
                new EmailConfig.Globals(
                    "g@example.org",
                    server,
                    "",
                    "gu",
                    null,
                    "",
                    Secret.of("gs"),
                    "",
                    "",
                    false,
                    null,
                    null)))
        .contains("AUTH CRAM-MD5");
    assertThat(
            commandsOf(
                bare("", "", "", ""),
                new EmailConfig.Globals(
                    "g@example.org",
                    server,
                    "",
                    "gu",
                    null,
                    "",
                    null,
                    file.toString(),
                    "",
                    false,
                    null,
                    null)))
        .contains("AUTH CRAM-MD5");
  }

  @Test
  void ownKeysWinOverGlobalOnes(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("secret");
    Files.writeString(file, "filed");
    sink.extensions = List.of("AUTH PLAIN");
    assertThat(
            commandsOf(
                bare(
                    "own@example.org",
                    host + ":" + sink.port(),
                    "own.example.org",
                    file.toString()),
                new EmailConfig.Globals(
                    "g@example.org",
                    "nowhere.invalid:25",
                    "g.example.org",
                    "gu",
                    Secret.of("gp"),
                    "",
                    null,
                    "",
                    "",
                    false,
                    null,
                    null)))
        .contains(
            "EHLO own.example.org",
            "AUTH PLAIN " + base64("\0own\0filed"),
            "MAIL FROM:<own@example.org>");
  }

  @Test
  void cramMd5NeedsTheSecretOnly() throws Exception {
    sink.extensions = List.of("AUTH CRAM-MD5");
    username = "u";
    secret = "s";
    List<String> commands = sent().commands();
    String answer =
        new String(
            Base64.getDecoder().decode(commands.get(commands.indexOf("AUTH CRAM-MD5") + 1)),
            StandardCharsets.US_ASCII);
    assertThat(answer).matches("u [0-9a-f]{32}");
  }

  private static String base64(String s) {
    return Base64.getEncoder().encodeToString(s.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void logsInOnlyWhereThatIsOffered() throws Exception {
    username = "u";
    password = "p";
    assertThat(sent().commands()).noneMatch(c -> c.startsWith("AUTH"));
  }

  @Test
  void sendsNoPasswordInTheOpenToAnotherHost() throws Exception {
    sink.extensions = List.of("AUTH PLAIN");
    host = "127.1"; // the loopback, by a name that does not say so
    username = "u";
    password = "p";
    try (Notifier n = open(context())) {
      SendResult result = n.send(notification(firing("A")));
      assertThat(((SendResult.RetryLater) result).reason())
          .contains("PLAIN auth failed: unencrypted connection");
    }
    assertThat(sink.mails).isEmpty();
  }

  @Override
  protected PluginContext context() {
    hostTls = new HostTls(super.context());
    return hostTls;
  }

  @Test
  void staysPlainWhereTlsIsNotRequired() throws Exception {
    sink.tls = serverTls();
    sink.extensions = List.of("STARTTLS");
    assertThat(sent().commands()).doesNotContain("STARTTLS");
  }

  @Test
  void insistsOnStartTlsWhenRequired() throws Exception {
    requireTls = true;
    try (Notifier n = open(context())) {
      SendResult result = n.send(notification(firing("A")));
      assertThat(result).isInstanceOf(SendResult.RetryLater.class);
      assertThat(((SendResult.RetryLater) result).reason())
          .contains("server does not advertise STARTTLS");
    }
  }

  @Test
  void speaksTlsByStartTlsAndFromTheFirstByte() throws Exception {
    sink.tls = serverTls();
    sink.extensions = List.of("STARTTLS");
    requireTls = true;
    try (Notifier n = open(context())) {
      SendResult result = n.send(notification(firing("A")));
      assertThat(result).as("unknown certificate").isInstanceOf(SendResult.RetryLater.class);
    }
    tls = new TlsSettings("", "", "", "", null, "", "", true, "", "");
    assertThat(sent().commands()).contains("STARTTLS");
    assertThat(hostTls.asked).as("TLS is the host's").containsOnly(tls);
    sink.mails.clear();
    sink.implicitTls = true;
    implicitTls = true;
    assertThat(sent().commands()).doesNotContain("STARTTLS");
  }

  private SSLContext serverTls() throws Exception {
    Path file = directory.resolve("keys.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "k",
                "-keyalg",
                "EC",
                "-dname",
                "CN=sink",
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                "changeit")
            .redirectErrorStream(true)
            .start();
    keytool.getInputStream().readAllBytes();
    assertThat(keytool.waitFor()).isZero();
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (FileInputStream in = new FileInputStream(file.toFile())) {
      store.load(in, "changeit".toCharArray());
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, "changeit".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }

  @Test
  void leavesNoThreadAndNoSecurityProviderBehind() throws Exception {
    List<Provider> before = List.of(Security.getProviders());
    sink.extensions = List.of("AUTH CRAM-MD5");
    username = "u";
    secret = "s";
    sent();
    assertThat(Security.getProviders()).containsExactlyElementsOf(before);
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(t -> t.getName().contains("jakarta.mail") || t.getName().contains("angus"));
  }

  @Test
  void letsItsClassLoaderGo() throws Exception {
    sink.extensions = List.of("AUTH CRAM-MD5");
    WeakReference<ClassLoader> loader = sentByAnotherClassLoader();
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (loader.get() != null && System.nanoTime() < end) {
      System.gc();
    }
    assertThat(loader.get()).as("class loader of plugin and mail library").isNull();
    assertThat(sink.mails).hasSize(1);
  }

  private WeakReference<ClassLoader> sentByAnotherClassLoader() throws Exception {
    List<URL> urls = new ArrayList<>();
    for (Class<?> c :
        List.of(
            EmailNotifierProvider.class,
            SMTPTransport.class,
            Session.class,
            DataHandler.class,
            Class.forName("org.eclipse.angus.activation.MailcapRegistryProviderImpl"))) {
      urls.add(c.getProtectionDomain().getCodeSource().getLocation());
    }
    try (URLClassLoader loader = new PluginLoader(urls.toArray(new URL[0]))) {
      NotifierProvider<?, ?> other =
          (NotifierProvider<?, ?>)
              loader
                  .loadClass(EmailNotifierProvider.class.getName())
                  .getDeclaredConstructor()
                  .newInstance();
      try (Notifier n = openBound(other)) {
        assertThat(n.getClass()).isNotEqualTo(EmailNotifier.class);
        assertThat(n.send(notification(firing("A")))).isEqualTo(SendResult.delivered());
      }
      return new WeakReference<>(loader);
    }
  }

  private <C extends Record, G extends Record> Notifier openBound(NotifierProvider<C, G> other)
      throws Exception {
    C config =
        record(
            other.configType(),
            Map.of(
                "to",
                "a@b",
                "smarthost",
                "127.0.0.1:" + sink.port(),
                "from",
                "c@d",
                "requireTls",
                false,
                "authUsername",
                "u",
                "authSecret",
                Secret.of("s")));
    return other.open(
        config, record(other.globalConfigType(), Map.of("smtpHello", "h")), context());
  }

  private static <R extends Record> R record(Class<R> type, Map<String, Object> values)
      throws Exception {
    List<Class<?>> types = new ArrayList<>();
    List<Object> arguments = new ArrayList<>();
    for (RecordComponent c : type.getRecordComponents()) {
      types.add(c.getType());
      Object value = values.get(c.getName());
      if (c.getType().isRecord() && c.getType() != TlsSettings.class) {
        value = record(c.getType().asSubclass(Record.class), values);
      } else if (value == null && c.getType() == String.class) {
        value = "";
      } else if (value == null && c.getType() == boolean.class) {
        value = false;
      } else if (value == null && c.getType() == Map.class) {
        value = Map.of();
      }
      arguments.add(value);
    }
    Constructor<R> constructor = type.getDeclaredConstructor(types.toArray(new Class<?>[0]));
    return constructor.newInstance(arguments.toArray());
  }

  /** Loads the plugin and its library itself, everything else as the tests do. */
  private static final class PluginLoader extends URLClassLoader {
    PluginLoader(URL[] urls) {
      super(urls, EmailNotifierTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      boolean own =
          name.startsWith("io.narthex.notifier.email.")
              || name.startsWith("jakarta.")
              || name.startsWith("org.eclipse.angus.");
      if (!own) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> found = findLoadedClass(name);
        return found != null ? found : findClass(name);
      }
    }
  }

  @Test
  void refusedCommandsAreTriedAgainWhateverTheirCode() throws Exception {
    to = "unknown@example.org";
    try (Notifier n = open(context())) {
      SendResult result = n.send(notification(firing("A")));
      assertThat(result).isInstanceOf(SendResult.RetryLater.class);
      assertThat(((SendResult.RetryLater) result).reason()).contains("550 no such user");
      to = "a@example.org";
    }
    sink.extensions = List.of("AUTH CRAM-MD5 LOGIN");
    username = "u";
    try (Notifier n = open(context())) {
      assertThat(((SendResult.RetryLater) n.send(notification(firing("A")))).reason())
          .contains("missing secret for CRAM-MD5 auth mechanism; missing password for LOGIN");
    }
    assertThat(sink.mails).isEmpty();
  }

  @Test
  void addressesThatAreNoneAreFinal() throws Exception {
    to = "nobody";
    try (Notifier n = open(context())) {
      assertThat(n.send(notification(firing("A")))).isInstanceOf(SendResult.Rejected.class);
    }
    to = "a@example.org";
    from = "b@example.org, c@example.org";
    try (Notifier n = open(context())) {
      assertThat(n.send(notification(firing("A"))))
          .isEqualTo(SendResult.rejected("from must be exactly one address, got 2"));
    }
    assertThat(sink.tries).hasValue(0);
  }

  @Test
  void refusesConfigurationsThatCannotWork() {
    to = "";
    assertThatThrownBy(() -> open(context()))
        .isInstanceOf(ConfigException.class)
        .hasMessage("missing to address in email config");
    to = "a@b";
    headers = new LinkedHashMap<>(Map.of("Subject", "x"));
    headers.put("sUbject", "y");
    assertThatThrownBy(() -> open(context()))
        .hasMessage("duplicate header \"Subject\" in email config");
    headers = Map.of();
    threading = new EmailConfig.Threading(true, "weekly");
    assertThatThrownBy(() -> open(context()))
        .hasMessage("threading.thread_by_date must be either 'none' or 'daily'");
  }

  @Test
  void probeReachesTheServerAndSendsNothing() throws Exception {
    try (Notifier n = open(context())) {
      n.probe();
      assertThat(sink.mails).isEmpty();
      sink.close();
      assertThatThrownBy(n::probe)
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("127.0.0.1:" + sink.port() + ": ");
    }
  }
}
