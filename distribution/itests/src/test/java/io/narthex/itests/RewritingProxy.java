package io.narthex.itests;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** A proxy that gives the server behind it a name of its own choice, and says who asks. */
final class RewritingProxy implements AutoCloseable {
  private static final Set<String> HOP =
      Set.of("connection", "host", "content-length", "transfer-encoding");

  private final HttpServer front;
  private final int port;
  private final String host;

  RewritingProxy(int port, String host) throws IOException {
    this.port = port;
    this.host = host;
    front = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    front.createContext("/", this::pass);
    front.start();
  }

  String url(String path) {
    return "http://127.0.0.1:" + front.getAddress().getPort() + path;
  }

  private void pass(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    StringBuilder head = new StringBuilder();
    head.append(exchange.getRequestMethod()).append(' ').append(exchange.getRequestURI());
    // of the version without chunks, and the connection ends with the answer
    head.append(" HTTP/1.0\r\nHost: ").append(host);
    head.append("\r\nContent-Length: ").append(body.length);
    head.append("\r\nX-Forwarded-For: 198.18.9.9\r\nX-Forwarded-Host: metrics.example\r\n");
    exchange
        .getRequestHeaders()
        .forEach((name, values) -> {
          if (!HOP.contains(name.toLowerCase(Locale.ROOT))) {
            values.forEach(v -> head.append(name).append(": ").append(v).append("\r\n"));
          }
        });
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    request.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    request.write(body);
    byte[] answer;
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.getOutputStream().write(request.toByteArray());
      answer = socket.getInputStream().readAllBytes();
    }
    int end = new String(answer, StandardCharsets.ISO_8859_1).indexOf("\r\n\r\n");
    List<String> lines = new String(answer, 0, end, StandardCharsets.ISO_8859_1).lines().toList();
    for (String line : lines.subList(1, lines.size())) {
      int colon = line.indexOf(':');
      if (!HOP.contains(line.substring(0, colon).toLowerCase(Locale.ROOT))) {
        exchange
            .getResponseHeaders()
            .add(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    byte[] content = Arrays.copyOfRange(answer, end + 4, answer.length);
    exchange.sendResponseHeaders(
        Integer.parseInt(lines.getFirst().substring(9, 12)),
        content.length == 0 ? -1 : content.length);
    exchange.getResponseBody().write(content);
    exchange.close();
  }

  @Override
  public void close() {
    front.stop(0);
  }
}
