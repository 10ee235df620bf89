package io.narthex.notifier.email;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * Speaks SMTP (RFC 5321) over one connection: EHLO, STARTTLS, AUTH, one mail, QUIT. An interrupt
 * ends it, as the socket belongs to an interruptible channel. Confined to one thread.
 */
final class SmtpClient implements AutoCloseable {
  private static final int CONNECT_TIMEOUT_MS = 10_000;
  private static final int READ_TIMEOUT_MS = 30_000;
  private static final int MAX_REPLY_LINE = 4096;

  private final EmailSettings settings;
  private final Path folder;
  private @Nullable Socket socket;
  private @Nullable InputStream in;
  private @Nullable OutputStream out;
  private boolean encrypted;
  private Map<String, String> extensions = Map.of();

  /** A reply that is not the one hoped for. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1;

    RefusedException(String message) {
      super(message);
    }
  }

  private record Reply(int code, List<String> lines) {
    String text() {
      return code + " " + String.join(" / ", lines);
    }
  }

  SmtpClient(EmailSettings settings, Path folder) {
    this.settings = settings;
    this.folder = folder;
  }

  /** Connects, proves who it is, and hands a message over. */
  void deliver(String from, List<String> to, byte[] message, String password, String secret)
      throws IOException {
    connect();
    expect("greeting", reply(), 220);
    hello();
    if (!settings.implicitTls() && settings.requireTls()) {
      if (!extensions.containsKey("STARTTLS")) {
        throw new RefusedException(
            "'require_tls' is true (default) but the server does not advertise STARTTLS");
      }
      expect("STARTTLS", command("STARTTLS"), 220);
      encrypt();
      hello();
    }
    String offered = extensions.get("AUTH");
    if (!settings.username().isEmpty() && offered != null) {
      authenticate(offered, password, secret);
    }
    expect("MAIL FROM", command("MAIL FROM:<" + from + ">" + bodyType()), 250);
    for (String recipient : to) {
      Reply r = command("RCPT TO:<" + recipient + ">");
      if (r.code() != 250 && r.code() != 251) {
        throw new RefusedException("RCPT TO: " + r.text());
      }
    }
    expect("DATA", command("DATA"), 354);
    data(message);
    expect("end of DATA", reply(), 250);
    try {
      command("QUIT");
    } catch (IOException e) {
      // the mail has been taken; how the connection ends is of no matter
    }
  }

  private String bodyType() {
    return extensions.containsKey("8BITMIME") ? " BODY=8BITMIME" : "";
  }

  private void connect() throws IOException {
    SocketChannel channel = SocketChannel.open();
    Socket s = channel.socket();
    socket = s;
    s.connect(new InetSocketAddress(settings.host(), settings.port()), CONNECT_TIMEOUT_MS);
    s.setSoTimeout(READ_TIMEOUT_MS);
    streams(s);
    if (settings.implicitTls()) {
      encrypt();
    }
  }

  private void streams(Socket s) throws IOException {
    in = new BufferedInputStream(s.getInputStream());
    out = s.getOutputStream();
  }

  private void encrypt() throws IOException {
    Socket plain = socket;
    if (plain == null) {
      throw new IOException("not connected");
    }
    SSLContext context = Tls.context(settings.tls(), folder);
    String name =
        settings.tls() == null || settings.tls().serverName().isEmpty()
            ? settings.host()
            : settings.tls().serverName();
    SSLSocket tls =
        (SSLSocket) context.getSocketFactory().createSocket(plain, name, settings.port(), true);
    tls.setUseClientMode(true);
    SSLParameters parameters = tls.getSSLParameters();
    if (settings.tls() == null || !settings.tls().insecureSkipVerify()) {
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
    }
    if (name.chars().anyMatch(Character::isLetter) && name.indexOf(':') < 0) {
      parameters.setServerNames(List.of(new SNIHostName(name)));
    }
    Tls.limitVersions(parameters, settings.tls());
    tls.setSSLParameters(parameters);
    tls.startHandshake();
    socket = tls;
    encrypted = true;
    streams(tls);
  }

  private void hello() throws IOException {
    Reply r = command("EHLO " + settings.hello());
    if (r.code() != 250) {
      expect("HELO", command("HELO " + settings.hello()), 250);
      extensions = Map.of();
      return;
    }
    Map<String, String> found = new LinkedHashMap<>();
    for (String line : r.lines().subList(1, r.lines().size())) {
      int blank = line.indexOf(' ');
      String key = (blank < 0 ? line : line.substring(0, blank)).toUpperCase(Locale.ROOT);
      found.put(key, blank < 0 ? "" : line.substring(blank + 1));
    }
    extensions = found;
  }

  /** Takes the first mechanism of the server's list for which there is a password or secret. */
  private void authenticate(String offered, String password, String secret) throws IOException {
    List<String> problems = new ArrayList<>();
    for (String mechanism : offered.strip().split(" +")) {
      switch (mechanism.toUpperCase(Locale.ROOT)) {
        case "CRAM-MD5" -> {
          if (!secret.isEmpty()) {
            cramMd5(secret);
            return;
          }
          problems.add("missing secret for CRAM-MD5 auth mechanism");
        }
        case "PLAIN" -> {
          if (!password.isEmpty()) {
            if (!encrypted && !isLocal(settings.host())) {
              throw new RefusedException("PLAIN auth failed: unencrypted connection");
            }
            String text = settings.identity() + "\0" + settings.username() + "\0" + password;
            expect("AUTH PLAIN", command("AUTH PLAIN " + base64(text)), 235);
            return;
          }
          problems.add("missing password for PLAIN auth mechanism");
        }
        case "LOGIN" -> {
          if (!password.isEmpty()) {
            expect("AUTH LOGIN", command("AUTH LOGIN"), 334);
            expect("AUTH LOGIN", command(base64(settings.username())), 334);
            expect("AUTH LOGIN", command(base64(password)), 235);
            return;
          }
          problems.add("missing password for LOGIN auth mechanism");
        }
        default -> {}
      }
    }
    throw new RefusedException(
        problems.isEmpty() ? "unknown auth mechanism: " + offered : String.join("; ", problems));
  }

  private static boolean isLocal(String host) {
    return host.equals("localhost") || host.equals("127.0.0.1") || host.equals("::1");
  }

  private void cramMd5(String secret) throws IOException {
    Reply challenge = command("AUTH CRAM-MD5");
    expect("AUTH CRAM-MD5", challenge, 334);
    try {
      Mac mac = Mac.getInstance("HmacMD5");
      mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacMD5"));
      byte[] digest = mac.doFinal(Base64.getDecoder().decode(challenge.lines().get(0).strip()));
      expect(
          "AUTH CRAM-MD5",
          command(base64(settings.username() + " " + HexFormat.of().formatHex(digest))),
          235);
    } catch (GeneralSecurityException e) {
      throw new IOException("CRAM-MD5 is not available: " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new RefusedException("CRAM-MD5: the challenge is not Base64");
    }
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Sends the message; a line that begins with a dot gets another one. */
  private void data(byte[] message) throws IOException {
    ByteArrayOutputStream b = new ByteArrayOutputStream(message.length + 64);
    boolean lineStart = true;
    for (byte x : message) {
      if (lineStart && x == '.') {
        b.write('.');
      }
      b.write(x);
      lineStart = x == '\n';
    }
    b.writeBytes((lineStart ? ".\r\n" : "\r\n.\r\n").getBytes(StandardCharsets.US_ASCII));
    write(b.toByteArray());
  }

  private Reply command(String line) throws IOException {
    if (line.indexOf('\r') >= 0 || line.indexOf('\n') >= 0) {
      throw new RefusedException("a line feed in an address or name");
    }
    write((line + "\r\n").getBytes(StandardCharsets.UTF_8));
    return reply();
  }

  private void write(byte[] bytes) throws IOException {
    OutputStream o = out;
    if (o == null) {
      throw new IOException("not connected");
    }
    o.write(bytes);
    o.flush();
  }

  private Reply reply() throws IOException {
    List<String> lines = new ArrayList<>();
    while (true) {
      String line = line();
      if (line.length() < 3) {
        throw new IOException("the server sent a short reply, got \"" + line + "\"");
      }
      int code;
      try {
        code = Integer.parseInt(line.substring(0, 3));
      } catch (NumberFormatException e) {
        throw new IOException("the server does not speak SMTP, got \"" + line + "\"", e);
      }
      lines.add(line.length() > 4 ? line.substring(4) : "");
      if (line.length() == 3 || line.charAt(3) != '-') {
        return new Reply(code, lines);
      }
    }
  }

  private String line() throws IOException {
    InputStream i = in;
    if (i == null) {
      throw new IOException("not connected");
    }
    ByteArrayOutputStream b = new ByteArrayOutputStream();
    while (true) {
      int c = i.read();
      if (c < 0) {
        throw new IOException("the server closed the connection");
      }
      if (c == '\n') {
        return b.toString(StandardCharsets.UTF_8).strip();
      }
      if (b.size() < MAX_REPLY_LINE) {
        b.write(c);
      }
    }
  }

  private static void expect(String what, Reply reply, int code) throws IOException {
    if (reply.code() != code) {
      throw new RefusedException(what + ": " + reply.text());
    }
  }

  @Override
  public void close() throws IOException {
    Socket s = socket;
    if (s != null) {
      s.close();
    }
  }
}
