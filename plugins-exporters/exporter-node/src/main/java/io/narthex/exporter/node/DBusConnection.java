package io.narthex.exporter.node;

import io.narthex.exporter.node.DBusMessage.Call;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * A connection to D-Bus for one collection. Calls are sent together and answered in any order; all
 * of them together have a time limit. Confined to one thread, starts none.
 */
final class DBusConnection implements AutoCloseable {
  /** As many calls are on their way at once as surely fit in the buffers of a socket. */
  private static final int TOGETHER = 64;

  private static final int MAX_LINE_BYTES = 1024;
  private static final Call HELLO =
      new Call(
          "org.freedesktop.DBus",
          "/org/freedesktop/DBus",
          "org.freedesktop.DBus",
          "Hello",
          List.of());

  private final SocketChannel channel;
  private final Selector selector;
  private final long deadlineNanos;
  private ByteBuffer in = ByteBuffer.allocate(1 << 14).flip(); // what is read and not yet used
  private int serial;

  private DBusConnection(SocketChannel channel, Selector selector, long deadlineNanos) {
    this.channel = channel;
    this.selector = selector;
    this.deadlineNanos = deadlineNanos;
  }

  /**
   * Connects and authenticates as the user of this process.
   *
   * @param bus whether a message bus listens, and not systemd itself
   * @param limit for all that happens on the connection
   */
  static DBusConnection open(Path socket, boolean bus, Duration limit)
      throws IOException, InterruptedException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      boolean _ = channel.connect(UnixDomainSocketAddress.of(socket));
      channel.configureBlocking(false);
      DBusConnection connection =
          new DBusConnection(channel, Selector.open(), System.nanoTime() + limit.toNanos());
      try {
        connection.authenticate();
        if (bus) {
          List<DBusMessage> _ = connection.call(List.of(HELLO));
        }
        return connection;
      } catch (IOException | InterruptedException | RuntimeException e) {
        connection.selector.close();
        throw e;
      }
    } catch (IOException | InterruptedException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private void authenticate() throws IOException, InterruptedException {
    String user = String.valueOf(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    String hex = HexFormat.of().formatHex(user.getBytes(StandardCharsets.US_ASCII));
    send(("\0AUTH EXTERNAL " + hex + "\r\n").getBytes(StandardCharsets.US_ASCII));
    String answer = line();
    if (!answer.startsWith("OK ")) {
      throw new IOException("D-Bus: access refused: " + answer);
    }
    send("BEGIN\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  private String line() throws IOException, InterruptedException {
    StringBuilder line = new StringBuilder();
    while (line.length() < MAX_LINE_BYTES) {
      need(1);
      char c = (char) (in.get() & 255);
      if (c == '\n') {
        return line.toString().strip();
      }
      line.append(c);
    }
    throw new IOException("D-Bus: a line of more than " + MAX_LINE_BYTES + " bytes");
  }

  /**
   * Makes calls.
   *
   * @return the replies in the order of the calls; some may be errors
   */
  List<DBusMessage> call(List<Call> calls) throws IOException, InterruptedException {
    List<DBusMessage> replies = new ArrayList<>(calls.size());
    for (int from = 0; from < calls.size(); from += TOGETHER) {
      replies.addAll(together(calls.subList(from, Math.min(calls.size(), from + TOGETHER))));
    }
    return replies;
  }

  private List<DBusMessage> together(List<Call> calls) throws IOException, InterruptedException {
    int first = serial + 1;
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (Call call : calls) {
      all.writeBytes(DBusMessage.encode(call, ++serial));
    }
    send(all.toByteArray());
    Map<Long, DBusMessage> replies = new HashMap<>();
    while (replies.size() < calls.size()) {
      DBusMessage message = receive();
      boolean answers = message.type() == DBusMessage.REPLY || message.type() == DBusMessage.ERROR;
      if (answers && message.replyTo() >= first && message.replyTo() <= serial) {
        replies.put(message.replyTo(), message);
      }
    }
    List<DBusMessage> ordered = new ArrayList<>(calls.size());
    for (long i = first; i <= serial; i++) {
      DBusMessage reply = replies.get(i);
      if (reply != null) {
        ordered.add(reply);
      }
    }
    return ordered;
  }

  private DBusMessage receive() throws IOException, InterruptedException {
    need(DBusMessage.HEAD_BYTES);
    int length = DBusMessage.length(in);
    need(length);
    ByteBuffer message = in.slice(in.position(), length);
    in.position(in.position() + length);
    return DBusMessage.decode(message);
  }

  private void send(byte[] bytes) throws IOException, InterruptedException {
    ByteBuffer out = ByteBuffer.wrap(bytes);
    while (out.hasRemaining()) {
      if (channel.write(out) == 0) {
        await(SelectionKey.OP_WRITE);
      }
    }
  }

  /** Reads until at least {@code bytes} are there. */
  private void need(int bytes) throws IOException, InterruptedException {
    while (in.remaining() < bytes) {
      if (in.position() > 0 || in.limit() == in.capacity()) {
        ByteBuffer room =
            in.capacity() < bytes ? ByteBuffer.allocate(Integer.highestOneBit(bytes) * 2) : in;
        if (room == in) {
          in.compact().flip();
        } else {
          in = room.put(in).flip();
        }
      }
      int position = in.position();
      int limit = in.limit();
      in.limit(in.capacity()).position(limit);
      int n = channel.read(in);
      in.limit(in.position()).position(position);
      if (n < 0) {
        throw new IOException("D-Bus: the connection was closed");
      }
      if (n == 0) {
        await(SelectionKey.OP_READ);
      }
    }
  }

  private void await(int operation) throws IOException, InterruptedException {
    long left = deadlineNanos - System.nanoTime();
    if (left <= 0) {
      throw new IOException("D-Bus: no answer in time");
    }
    SelectionKey key = channel.register(selector, operation);
    int _ = selector.select(Math.max(1, left / 1_000_000));
    key.interestOps(0);
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  @Override
  public void close() throws IOException {
    selector.close();
    channel.close();
  }
}
