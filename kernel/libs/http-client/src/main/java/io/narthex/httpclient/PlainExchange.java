package io.narthex.httpclient;

import io.narthex.httpclient.PlainConnections.Connection;
import io.narthex.spi.plugin.HttpTransport.Response;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.zip.GZIPInputStream;
import org.eclipse.jetty.http.BadMessageException;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.http.HttpVersion;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response on a connection of plain HTTP/1.1, read by the caller's thread. The
 * head and the framing of the body are parsed by Jetty.
 */
final class PlainExchange implements Response, HttpParser.ResponseHandler {
  static final int BUFFER_BYTES = 32 << 10;

  /** Most bytes of the head of a response. */
  private static final int MAX_HEAD = 1 << 20;

  /** The limit of Go's net/http for interim responses. */
  private static final int MAX_INTERIM = 5;

  /** Reading a short rest is cheaper than a new connection. */
  private static final int REST = 4096;

  /** Turns a failure while the body is read into one with a text for users. */
  interface Failures {
    IOException of(IOException failure);
  }

  private final PlainConnections pool;
  private final Connection connection;
  private final long deadlineNanos;
  private final Failures failures;
  private final HttpParser parser = new HttpParser(this, MAX_HEAD, HttpCompliance.RFC7230);
  private final byte[] bytes;
  private final AnswerHead head = new AnswerHead(MAX_HEAD);
  private ByteBuffer buffer;
  private final List<HttpField> fields = new ArrayList<>();
  private int status;
  private boolean version11;
  private int interim;
  private boolean headRead;
  private boolean complete;
  private boolean atEnd; // of the stream
  private @Nullable ByteBuffer content; // what has been read of the body and not been given on
  private @Nullable IOException failure;
  private @Nullable InputStream body;
  private boolean closed;

  private PlainExchange(
      PlainConnections pool, Connection connection, long deadlineNanos, Failures failures) {
    this.pool = pool;
    this.connection = connection;
    this.deadlineNanos = deadlineNanos;
    this.failures = failures;
    bytes = pool.buffer();
    buffer = ByteBuffer.wrap(bytes).limit(0);
  }

  /**
   * Sends a request and reads the head of its response.
   *
   * @param head of the request, with the empty line
   * @param deadlineNanos moment of {@link System#nanoTime} for the whole exchange
   */
  static PlainExchange send(
      PlainConnections pool,
      Connection connection,
      byte[] head,
      long deadlineNanos,
      Failures failures)
      throws IOException {
    PlainExchange exchange = new PlainExchange(pool, connection, deadlineNanos, failures);
    try {
      connection.out.write(head);
      while (!exchange.headRead) {
        exchange.advance();
      }
      return exchange;
    } catch (IOException | RuntimeException e) {
      exchange.end(false);
      throw e;
    }
  }

  /** Parses what has been read, or reads more where that says nothing. */
  private void advance() throws IOException {
    boolean found = false;
    try {
      if (!headRead && buffer.hasRemaining()) {
        buffer = head.next(buffer);
      }
      found = parser.parseNext(buffer);
    } catch (AssertionError e) {
      // Jetty gives its exception the status of the response, and asserts that this is an error's
      throw new IOException("malformed", new BadMessageException("", e));
    }
    if (failure != null) {
      throw failure;
    }
    if (isInterim() && parser.isState(HttpParser.State.END)) {
      parser.reset();
      head.restart();
    } else if (!found) {
      fill();
    }
  }

  private void fill() throws IOException {
    long left = deadlineNanos - System.nanoTime();
    if (left <= 0) {
      throw new SocketTimeoutException("no time is left");
    }
    if (atEnd) {
      throw new EOFException();
    }
    connection.readWithin(left);
    int n = connection.in.read(bytes);
    buffer = ByteBuffer.wrap(bytes).limit(Math.max(0, n));
    if (n < 0) {
      if (!headRead) {
        throw new EOFException();
      }
      atEnd = true;
      parser.atEOF();
    }
  }

  private boolean isInterim() {
    return status >= 100 && status < 200 && status != 101;
  }

  // ---- what the parser finds -------------------------------------------------------------------

  @Override
  public void startResponse(HttpVersion version, int code, String reason) {
    status = code;
    version11 = version == HttpVersion.HTTP_1_1;
    fields.clear();
  }

  @Override
  public void parsedHeader(HttpField field) {
    fields.add(field);
  }

  @Override
  public boolean headerComplete() {
    if (isInterim()) {
      if (++interim > MAX_INTERIM) {
        failure = new IOException("too many 1xx informational responses");
      }
      return false;
    }
    headRead = true;
    return true;
  }

  @Override
  public boolean content(ByteBuffer item) {
    content = item;
    return true;
  }

  @Override
  public boolean contentComplete() {
    return false;
  }

  @Override
  public boolean messageComplete() {
    if (atEnd && header("Transfer-Encoding") != null) {
      failure = new EOFException(); // the last chunk has no end, which the parser does not mind
    }
    complete = !isInterim();
    return true;
  }

  @Override
  public void earlyEOF() {
    failure = new EOFException();
  }

  @Override
  public void badMessage(HttpException bad) {
    failure = new IOException("malformed", (Throwable) bad);
  }

  // ---- Response --------------------------------------------------------------------------------

  @Override
  public int status() {
    return status;
  }

  @Override
  public @Nullable String header(String name) {
    for (HttpField field : fields) {
      if (field.is(name)) {
        return field.getValue();
      }
    }
    return null;
  }

  @Override
  public InputStream body() throws IOException {
    if (body == null) {
      InputStream raw = new Raw();
      String encoding = header("Content-Encoding");
      body =
          encoding != null && encoding.equalsIgnoreCase("gzip")
              ? new GZIPInputStream(raw, REST)
              : raw;
    }
    return body;
  }

  /** Gives the next bytes of the body; returns how many, -1 at its end. */
  private int read(byte[] into, int from, int length) throws IOException {
    if (closed) {
      throw new IOException("the response is closed");
    }
    if (length == 0) {
      return 0;
    }
    ByteBuffer now = content;
    while (now == null || !now.hasRemaining()) {
      if (complete) {
        return -1;
      }
      content = null;
      advance();
      now = content;
    }
    int n = Math.min(length, now.remaining());
    now.get(into, from, n);
    return n;
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    boolean read = false;
    try {
      if (!Thread.currentThread().isInterrupted()) {
        byte[] rest = new byte[complete ? 0 : REST];
        int n = 0;
        while (n < rest.length && n >= 0) {
          int more = read(rest, n, rest.length - n);
          n = more < 0 ? -1 : n + more;
        }
        read = complete && !buffer.hasRemaining();
      }
    } catch (IOException _) {
      // the connection is of no use any more
    }
    end(read && isPersistent());
  }

  private boolean isPersistent() {
    boolean persistent = version11;
    for (HttpField field : fields) {
      if (field.getHeader() == HttpHeader.CONNECTION) {
        persistent = version11 ? !field.contains("close") : field.contains("keep-alive");
      }
    }
    return persistent && !atEnd && status != 101;
  }

  private void end(boolean keep) {
    closed = true;
    content = null;
    pool.giveBuffer(bytes);
    if (keep) {
      pool.give(connection);
    } else {
      connection.close();
    }
  }

  private final class Raw extends InputStream {
    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
      try {
        return PlainExchange.this.read(into, from, length);
      } catch (SocketTimeoutException e) {
        throw new IOException("context deadline exceeded", timeout(e));
      } catch (IOException e) {
        throw failures.of(e);
      }
    }
  }

  /** Returns a failure that {@code HttpTransport.isTimeout} knows. */
  static TimeoutException timeout(SocketTimeoutException e) {
    TimeoutException timeout = new TimeoutException(e.getMessage());
    timeout.initCause(e);
    return timeout;
  }
}
