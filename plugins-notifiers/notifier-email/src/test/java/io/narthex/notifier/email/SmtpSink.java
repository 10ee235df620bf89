package io.narthex.notifier.email;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.NullUnmarked;

/** A mail server on the loopback that keeps what it gets. */
@NullUnmarked
final class SmtpSink implements AutoCloseable {
  /** A mail with its envelope and the commands that brought it. */
  record Mail(String from, List<String> to, String data, List<String> commands) {}

  private final ServerSocket server;
  private final Thread accepting;
  private final CountDownLatch closing = new CountDownLatch(1);
  final List<Mail> mails = new CopyOnWriteArrayList<>();
  final AtomicInteger tries = new AtomicInteger();
  volatile List<String> extensions = List.of();
  volatile boolean busy;
  volatile boolean hangs;
  volatile SSLContext tls;
  volatile boolean implicitTls;

  SmtpSink() throws IOException {
    server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    accepting = Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket s = server.accept();
        Thread.ofVirtual().start(() -> serve(s));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private Socket secure(Socket s) throws IOException {
    SSLSocket t = (SSLSocket) tls.getSocketFactory().createSocket(s, null, true);
    t.setUseClientMode(false);
    t.startHandshake();
    return t;
  }

  private void serve(Socket first) {
    tries.incrementAndGet();
    try (first) {
      if (hangs) {
        closing.await();
        return;
      }
      Socket s = implicitTls ? secure(first) : first;
      BufferedReader in = reader(s);
      OutputStream out = s.getOutputStream();
      say(out, busy ? "421 busy" : "220 sink ESMTP");
      if (busy) {
        return;
      }
      String from = "";
      List<String> to = new ArrayList<>();
      List<String> commands = new ArrayList<>();
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        commands.add(line);
        String verb = line.split("[ :]")[0].toUpperCase();
        switch (verb) {
          case "EHLO" -> {
            List<String> all = new ArrayList<>(List.of("sink"));
            all.addAll(extensions);
            for (int i = 0; i < all.size(); i++) {
              say(out, "250" + (i == all.size() - 1 ? " " : "-") + all.get(i));
            }
          }
          case "STARTTLS" -> {
            say(out, "220 go ahead");
            s = secure(s);
            in = reader(s);
            out = s.getOutputStream();
          }
          case "AUTH" -> {
            if (line.equals("AUTH LOGIN")) {
              say(out, "334 VXNlcm5hbWU6");
              commands.add(in.readLine());
              say(out, "334 UGFzc3dvcmQ6");
              commands.add(in.readLine());
            } else if (line.equals("AUTH CRAM-MD5")) {
              say(
                  out,
                  "334 "
                      + Base64.getEncoder()
                          .encodeToString("<1@sink>".getBytes(StandardCharsets.US_ASCII)));
              commands.add(in.readLine());
            }
            say(out, "235 welcome");
          }
          case "MAIL" -> {
            from = line;
            say(out, "250 ok");
          }
          case "RCPT" -> {
            to.add(line);
            say(out, line.contains("unknown@") ? "550 no such user" : "250 ok");
          }
          case "DATA" -> {
            say(out, "354 send");
            StringBuilder b = new StringBuilder();
            for (String d = in.readLine(); !".".equals(d); d = in.readLine()) {
              b.append(d.startsWith(".") ? d.substring(1) : d).append('\n');
            }
            mails.add(new Mail(from, List.copyOf(to), b.toString(), List.copyOf(commands)));
            say(out, "250 taken");
          }
          case "QUIT" -> {
            say(out, "221 bye");
            return;
          }
          default -> say(out, "502 what");
        }
      }
    } catch (IOException e) {
      // the client went away
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static BufferedReader reader(Socket s) throws IOException {
    return new BufferedReader(new InputStreamReader(s.getInputStream(), StandardCharsets.UTF_8));
  }

  private static void say(OutputStream out, String line) throws IOException {
    out.write((line + "\r\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  @Override
  public void close() throws IOException {
    closing.countDown();
    server.close();
    // until the end of the last accept the port still takes connections
    try {
      accepting.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
