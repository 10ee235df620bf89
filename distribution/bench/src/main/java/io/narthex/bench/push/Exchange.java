package io.narthex.bench.push;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** One request over a connection of its own: an HTTP client would refuse to send many of them. */
public final class Exchange {
  private static final int CONNECT_MS = 10_000;
  private static final int READ_MS = 30_000;
  private static final int LONGEST_LINE = 16 << 10;
  private static final int LONGEST_BODY = 64 << 20;

  private Exchange() {}

  /** Sends a request to a port of loopback and reads the answer. */
  public static Reply send(int port, Request request) throws IOException {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(READ_MS);
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MS);
      OutputStream out = socket.getOutputStream();
      try {
        out.write(request.head());
        out.write(request.body());
        out.flush();
      } catch (IOException e) {
        // refused before all was sent; there may be an answer
      }
      return reply(new BufferedInputStream(socket.getInputStream()));
    }
  }

  private static Reply reply(InputStream in) throws IOException {
    String status;
    try {
      status = line(in);
    } catch (SocketException e) {
      status = ""; // reset
    }
    if (status.isEmpty()) {
      return new Reply(Reply.NONE, "the connection was closed");
    }
    String[] words = status.split(" ", 3);
    if (words.length < 2 || !words[1].matches("\\d{3}")) {
      throw new IOException("no status in \"" + status + '"');
    }
    long length = -1;
    boolean chunked = false;
    for (String header = line(in); !header.isEmpty(); header = line(in)) {
      String lower = header.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Long.parseLong(lower.substring(15).strip());
      } else if (lower.startsWith("transfer-encoding:")) {
        chunked = lower.contains("chunked");
      }
    }
    byte[] body =
        chunked
            ? chunks(in)
            : in.readNBytes((int) Math.min(LONGEST_BODY, length < 0 ? LONGEST_BODY : length));
    return new Reply(Integer.parseInt(words[1]), new String(body, StandardCharsets.UTF_8));
  }

  private static byte[] chunks(InputStream in) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      int size = Integer.parseInt(line(in).strip(), 16);
      if (size == 0) {
        return body.toByteArray();
      }
      if (body.size() + size > LONGEST_BODY) {
        throw new IOException("an answer of more than " + LONGEST_BODY + " bytes");
      }
      body.write(in.readNBytes(size));
      line(in);
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      if (line.length() == LONGEST_LINE) {
        throw new IOException("a line of an answer has more than " + LONGEST_LINE + " bytes");
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }
}
