package io.narthex.httpclient;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Connections of plain HTTP that virtual threads read and write themselves, kept open between
 * requests. Thread-safe; a connection belongs to one thread at a time.
 */
final class PlainConnections implements AutoCloseable {
  /** Connections to one address that wait for their next request. */
  private static final int MAX_IDLE = 256;

  private static final Duration IDLE = Duration.ofMinutes(5);
  private static final Duration SWEEP = Duration.ofSeconds(30);
  private static final int CONNECT_MS = 30_000;
  private static final int MAX_BUFFERS = 64;

  /** Where connections lead; the host in ASCII, without brackets. */
  record Address(String host, int port) {}

  /** Finds the addresses of a host that is not one itself. */
  interface Resolver {
    List<InetSocketAddress> resolve(Address address, long deadlineNanos)
        throws IOException, InterruptedException;
  }

  private final Resolver resolver;
  private final LongSupplier nanoTime;

  // guarded by this
  private final Map<Address, Deque<Connection>> idle = new HashMap<>();
  private final Deque<byte[]> buffers = new ArrayDeque<>();
  private @Nullable Thread sweeper; // while connections wait
  private boolean closed;

  PlainConnections(Resolver resolver, LongSupplier nanoTime) {
    this.resolver = resolver;
    this.nanoTime = nanoTime;
  }

  /** A connection. */
  static final class Connection implements AutoCloseable {
    final Address address;
    final InputStream in;
    final OutputStream out;
    private final Socket socket;
    private boolean used;
    private long idleSince;

    Connection(Address address, Socket socket) throws IOException {
      this.address = address;
      this.socket = socket;
      in = socket.getInputStream();
      out = socket.getOutputStream();
    }

    /** Returns whether it has carried a request before. */
    boolean isUsed() {
      return used;
    }

    /**
     * Returns whether the server has sent something while nothing was asked, such as a status 408
     * before it closes: it would be taken for the next response.
     */
    boolean hasUnasked() {
      try {
        return in.available() > 0;
      } catch (IOException _) {
        return true;
      }
    }

    /** Bounds the next read. */
    void readWithin(long nanos) throws IOException {
      socket.setSoTimeout(millis(nanos));
    }

    @Override
    public void close() {
      try {
        socket.close();
      } catch (IOException _) {
        // it is of no use any more
      }
    }
  }

  private static int millis(long nanos) {
    return (int) Math.clamp(TimeUnit.NANOSECONDS.toMillis(nanos) + 1, 1, Integer.MAX_VALUE);
  }

  /**
   * Returns a connection: the one used last of those that wait, or a new one.
   *
   * @param deadlineNanos moment of {@link System#nanoTime}
   */
  Connection take(Address address, long deadlineNanos) throws IOException, InterruptedException {
    Connection kept = kept(address);
    while (kept != null && kept.hasUnasked()) {
      kept.close();
      kept = kept(address);
    }
    return kept == null ? connect(address, deadlineNanos) : kept;
  }

  private synchronized @Nullable Connection kept(Address address) {
    Deque<Connection> waiting = idle.get(address);
    Connection last = waiting == null ? null : waiting.pollLast();
    if (waiting != null && waiting.isEmpty()) {
      idle.remove(address);
    }
    return last;
  }

  private Connection connect(Address address, long deadlineNanos)
      throws IOException, InterruptedException {
    IOException failure = null;
    for (InetSocketAddress to : addresses(address, deadlineNanos)) {
      long left = deadlineNanos - nanoTime.getAsLong();
      if (left <= 0) {
        throw new SocketTimeoutException("no time is left");
      }
      Socket socket = new Socket();
      try {
        socket.setTcpNoDelay(true);
        socket.setKeepAlive(true);
        socket.connect(to, Math.min(CONNECT_MS, millis(left)));
        return new Connection(address, socket);
      } catch (IOException e) {
        socket.close();
        failure = e;
        if (Thread.currentThread().isInterrupted()) {
          break;
        }
      }
    }
    throw failure == null ? new UnknownHostException(address.host()) : failure;
  }

  private List<InetSocketAddress> addresses(Address address, long deadlineNanos)
      throws IOException, InterruptedException {
    InetAddress literal = HostNames.literal(address.host());
    return literal == null
        ? resolver.resolve(address, deadlineNanos)
        : List.of(new InetSocketAddress(HostNames.reached(literal), address.port()));
  }

  /** Takes back a connection that may carry another request. */
  void give(Connection connection) {
    connection.used = true;
    connection.idleSince = nanoTime.getAsLong();
    synchronized (this) {
      Deque<Connection> waiting =
          closed ? null : idle.computeIfAbsent(connection.address, _ -> new ArrayDeque<>(1));
      if (waiting != null && waiting.size() < MAX_IDLE) {
        waiting.addLast(connection);
        if (sweeper == null) {
          sweeper = Thread.ofVirtual().name("narthex-http-idle").start(this::sweep);
        }
        return;
      }
    }
    connection.close();
  }

  /** Closes the connections to an address that wait: its server has closed one of them. */
  synchronized void forget(Address address) {
    Deque<Connection> waiting = idle.remove(address);
    if (waiting != null) {
      waiting.forEach(Connection::close);
    }
  }

  /** Returns how many connections wait. */
  synchronized int waiting() {
    return idle.values().stream().mapToInt(Deque::size).sum();
  }

  /** Closes connections that nobody uses, until none waits. */
  private void sweep() {
    while (true) {
      try {
        Thread.sleep(SWEEP);
      } catch (InterruptedException _) {
        return; // closed
      }
      if (!closeUnused()) {
        return;
      }
    }
  }

  /** Closes connections that have waited for long; returns whether others still wait. */
  synchronized boolean closeUnused() {
    long oldest = nanoTime.getAsLong() - IDLE.toNanos();
    Iterator<Deque<Connection>> all = idle.values().iterator();
    while (all.hasNext()) {
      Deque<Connection> waiting = all.next();
      while (!waiting.isEmpty() && waiting.getFirst().idleSince - oldest < 0) {
        waiting.removeFirst().close();
      }
      if (waiting.isEmpty()) {
        all.remove();
      }
    }
    if (idle.isEmpty()) {
      sweeper = null;
    }
    return !idle.isEmpty();
  }

  /** Returns a buffer for the time of an exchange. */
  synchronized byte[] buffer() {
    byte[] kept = buffers.pollLast();
    return kept == null ? new byte[PlainExchange.BUFFER_BYTES] : kept;
  }

  synchronized void giveBuffer(byte[] buffer) {
    if (buffers.size() < MAX_BUFFERS) {
      buffers.addLast(buffer);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    idle.values().forEach(waiting -> waiting.forEach(Connection::close));
    idle.clear();
    buffers.clear();
    if (sweeper != null) {
      sweeper.interrupt();
    }
  }
}
