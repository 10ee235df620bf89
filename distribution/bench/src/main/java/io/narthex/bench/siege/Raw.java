package io.narthex.bench.siege;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Malformed requests, each over its own connection. */
final class Raw {
  private static final int CONNECT_MS = 10_000;
  private static final int LONGEST_LINE = 1000;

  private final int port;

  Raw(int port) {
    this.port = port;
  }

  Socket connect(int readTimeoutMs) throws IOException {
    Socket socket = new Socket();
    try {
      socket.setSoTimeout(readTimeoutMs);
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MS);
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** Returns the head of a request. */
  static byte[] head(String method, String path, Map<String, String> headers) {
    StringBuilder head = new StringBuilder(method + " " + path + " HTTP/1.1\r\n");
    if (!headers.containsKey("Host")) {
      head.append("Host: 127.0.0.1\r\n");
    }
    headers.forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
    return head.append("Connection: close\r\n\r\n")
        .toString()
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Sends a request and reads the whole answer; returns the status or why there is none. */
  String send(String method, String path, Map<String, String> headers, byte[] body, int waitMs)
      throws IOException {
    try (Socket socket = connect(waitMs)) {
      OutputStream out = socket.getOutputStream();
      try {
        out.write(head(method, path, headers));
        out.write(body);
      } catch (IOException e) {
        // refused before all was sent; there may be a response
      }
      InputStream in = new BufferedInputStream(socket.getInputStream());
      String status = status(in);
      in.transferTo(OutputStream.nullOutputStream());
      return status;
    } catch (SocketTimeoutException e) {
      return "client left";
    }
  }

  private static String status(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n' && line.length() < LONGEST_LINE; c = in.read()) {
      line.append((char) c);
    }
    String[] words = line.toString().strip().split(" ", 3);
    return words.length > 1 ? words[1] : "cut";
  }

  /** Gets a path. */
  String get(String path, int waitMs) throws IOException {
    return send("GET", path, Map.of(), new byte[0], waitMs);
  }

  /** Posts a body. */
  String post(String path, String type, byte[] body, int waitMs) throws IOException {
    return send(
        "POST",
        path,
        Map.of("Content-Type", type, "Content-Length", Integer.toString(body.length)),
        body,
        waitMs);
  }
}
