package io.narthex.bench;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Sends requests over one open connection and drops the responses, with little other work: a full
 * HTTP client takes as long as a small query and shares the cores with the server.
 */
final class HttpProbe implements AutoCloseable {
  private static final int TIMEOUT_MS = 180_000;

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;
  private final String host;
  private final byte[] buffer = new byte[64 << 10];
  private int position;
  private int limit;

  HttpProbe(String base) throws IOException {
    URI uri = URI.create(base);
    host = uri.getHost() + ":" + uri.getPort();
    socket = new Socket(uri.getHost(), uri.getPort());
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(TIMEOUT_MS);
    in = socket.getInputStream();
    out = socket.getOutputStream();
  }

  /** Reads a whole answer; returns its status. */
  int get(String path) throws IOException {
    String request = "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
    out.write(request.getBytes(StandardCharsets.US_ASCII));
    int status = Integer.parseInt(line().substring(9, 12));
    long length = -1;
    boolean chunked = false;
    for (String header = line(); !header.isEmpty(); header = line()) {
      String lower = header.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Long.parseLong(lower.substring(15).strip());
      } else if (lower.startsWith("transfer-encoding:")) {
        chunked = lower.contains("chunked");
      }
    }
    if (!chunked && length < 0) {
      throw new IOException("an answer without length");
    }
    if (!chunked) {
      skip(length);
      return status;
    }
    int size;
    do {
      size = Integer.parseInt(line().strip(), 16);
      skip(size);
      line();
    } while (size > 0);
    return status;
  }

  private void fill() throws IOException {
    position = 0;
    limit = Math.max(0, in.read(buffer));
    if (limit == 0) {
      throw new EOFException("the server closed the connection");
    }
  }

  private String line() throws IOException {
    StringBuilder text = new StringBuilder();
    while (true) {
      if (position == limit) {
        fill();
      }
      char c = (char) buffer[position++];
      if (c == '\n') {
        return text.toString();
      }
      if (c != '\r') {
        text.append(c);
      }
    }
  }

  private void skip(long bytes) throws IOException {
    long left = bytes;
    while (left > 0) {
      if (position == limit) {
        fill();
      }
      int n = (int) Math.min(left, limit - position);
      position += n;
      left -= n;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
