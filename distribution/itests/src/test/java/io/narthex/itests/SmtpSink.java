package io.narthex.itests;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A mail server that keeps what it is given (RFC 5321 without extensions). */
final class SmtpSink implements AutoCloseable {
  /** A mail: envelope and text with headers. */
  record Mail(String from, List<String> to, String text) {}

  private final ServerSocket server;
  private final List<Mail> received = new CopyOnWriteArrayList<>();
  private final AtomicInteger refusals = new AtomicInteger();
  private final AtomicInteger refused = new AtomicInteger();

  SmtpSink() throws IOException {
    server = new ServerSocket(0, 20, InetAddress.getLoopbackAddress());
    Thread.ofPlatform().daemon().name("smtp sink").start(this::accept);
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        Thread.ofVirtual().name("smtp session").start(() -> serve(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket socket) {
    try (socket;
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
      OutputStream out = socket.getOutputStream();
      say(out, "220 sink");
      String from = "";
      List<String> to = new CopyOnWriteArrayList<>();
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String verb = line.toUpperCase(Locale.ROOT);
        if (verb.startsWith("MAIL FROM:") && refusals.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
          refused.incrementAndGet();
          say(out, "451 try again later");
        } else if (verb.startsWith("MAIL FROM:")) {
          from = line.substring(10).strip();
          say(out, "250 ok");
        } else if (verb.startsWith("RCPT TO:")) {
          to.add(line.substring(8).strip());
          say(out, "250 ok");
        } else if (verb.equals("DATA")) {
          say(out, "354 go on");
          StringBuilder text = new StringBuilder();
          for (String part = in.readLine();
              part != null && !part.equals(".");
              part = in.readLine()) {
            text.append(part.startsWith("..") ? part.substring(1) : part).append('\n');
          }
          received.add(new Mail(from, List.copyOf(to), text.toString()));
          to.clear();
          say(out, "250 kept");
        } else if (verb.equals("QUIT")) {
          say(out, "221 bye");
          return;
        } else {
          say(out, "250 sink"); // EHLO, RSET, NOOP
        }
      }
    } catch (IOException e) {
      return; // the client has gone
    }
  }

  private static void say(OutputStream out, String line) throws IOException {
    out.write((line + "\r\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  int port() {
    return server.getLocalPort();
  }

  /** Refuses the next mails for now. */
  void refuse(int mails) {
    refusals.set(mails);
  }

  /** Number of mails refused so far. */
  int refused() {
    return refused.get();
  }

  /** Returns the mails so far. */
  List<Mail> received() {
    return List.copyOf(received);
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
