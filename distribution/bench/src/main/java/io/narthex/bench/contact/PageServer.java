package io.narthex.bench.contact;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Answers requests on loopback with given bytes, which need not be HTTP, and keeps what is posted.
 */
final class PageServer implements AutoCloseable {
  private static final int LONGEST = 1 << 20;
  private static final int TIMEOUT_MS = 10_000;

  private final ServerSocket socket;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, byte[]> pages = new ConcurrentHashMap<>();
  private final Map<String, String> posted = new ConcurrentHashMap<>();

  PageServer() throws IOException {
    socket = new ServerSocket(0, 500, InetAddress.getByName("127.0.0.1"));
    threads.execute(this::accept);
  }

  int port() {
    return socket.getLocalPort();
  }

  /** Sets what a request of a path gets, its parameters aside. */
  void page(String path, byte[] answer) {
    pages.put(path, answer);
  }

  /** Returns an answer of status 200. */
  static byte[] answer(String contentType, byte[] body) {
    byte[] head =
        ("HTTP/1.1 200 OK\r\nContent-Type: "
                + contentType
                + "\r\nContent-Length: "
                + body.length
                + "\r\nConnection: close\r\n\r\n")
            .getBytes(StandardCharsets.ISO_8859_1);
    byte[] all = new byte[head.length + body.length];
    System.arraycopy(head, 0, all, 0, head.length);
    System.arraycopy(body, 0, all, head.length, body.length);
    return all;
  }

  /** Returns the last body that was posted to a path. */
  @Nullable String posted(String path) {
    return posted.get(path);
  }

  /** Returns how many paths were posted to that begin so. */
  long postedBelow(String path) {
    return posted.keySet().stream().filter(each -> each.startsWith(path)).count();
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        Socket connection = socket.accept();
        threads.execute(() -> serve(connection));
      } catch (IOException e) {
        // closed, or a connection that ended before it began
      }
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      connection.setSoTimeout(TIMEOUT_MS);
      InputStream in = new BufferedInputStream(connection.getInputStream());
      String[] request = line(in).split(" ", 3);
      int length = 0;
      for (String header = line(in); !header.isEmpty(); header = line(in)) {
        if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
          length = Integer.parseInt(header.substring(15).strip());
        }
      }
      String path = request.length < 2 ? "" : request[1].replaceFirst("[?].*", "");
      byte[] body = in.readNBytes(Math.min(length, LONGEST));
      if (request[0].equals("POST")) {
        posted.put(path, new String(body, StandardCharsets.UTF_8));
      }
      byte[] page = pages.get(path);
      connection
          .getOutputStream()
          .write(
              page == null
                  ? answer("text/plain", "ok 1\n".getBytes(StandardCharsets.UTF_8))
                  : page);
      connection.shutdownOutput();
    } catch (IOException e) {
      // the other side went away
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n' && line.length() < LONGEST; c = in.read()) {
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      // it is unusable
    }
    threads.shutdownNow();
  }
}
