package io.narthex.exporter.node;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.NullUnmarked;

/**
 * Stands in for a message bus with systemd on it: listens on a real socket and answers the calls
 * that the collector and the original make.
 */
@NullUnmarked
final class FakeSystemd implements AutoCloseable {
  /** A unit: its state and its properties, each by interface and name. */
  record Unit(String name, String load, String active, Map<String, Object> properties) {
    String path() {
      StringBuilder path = new StringBuilder("/org/freedesktop/systemd1/unit/");
      for (char c : name.toCharArray()) {
        boolean plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
        path.append(plain ? String.valueOf(c) : "_" + Integer.toHexString(c));
      }
      return path.toString();
    }
  }

  private final Path socket;
  private final ServerSocketChannel server;
  private final List<Unit> units = new ArrayList<>();
  private final Map<String, Object> manager = new LinkedHashMap<>();
  private final List<SocketChannel> open = new CopyOnWriteArrayList<>();
  private final List<Thread> threads = new CopyOnWriteArrayList<>();
  private volatile boolean silent;

  FakeSystemd(Path socket) throws IOException {
    this.socket = socket;
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    manager.put("Version", "252.39-1~deb12u1");
    manager.put("Virtualization", "kvm");
    manager.put("SystemState", "running");
    threads.add(Thread.ofPlatform().daemon().name("fake systemd").start(this::accept));
  }

  Path socket() {
    return socket;
  }

  void unit(String name, String load, String active, Map<String, Object> properties) {
    units.add(new Unit(name, load, active, properties));
  }

  /** Answers no call from now on. */
  void silence() {
    silent = true;
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel client = server.accept();
        open.add(client);
        threads.add(
            Thread.ofPlatform().daemon().name("fake systemd client").start(() -> serve(client)));
      }
    } catch (IOException _) {
      // closed
    }
  }

  private void serve(SocketChannel client) {
    try (client) {
      var in = Channels.newInputStream(client);
      StringBuilder line = new StringBuilder();
      while (true) {
        int c = in.read();
        if (c < 0) {
          return;
        }
        if (c != '\n') {
          line.append((char) c);
          continue;
        }
        String s = line.toString().replace("\0", "").strip();
        line.setLength(0);
        if (s.equals("AUTH EXTERNAL")) { // godbus sends its user apart, and an empty one
          write(client, "DATA\r\n".getBytes(US_ASCII));
        } else if (s.startsWith("AUTH EXTERNAL ") || s.startsWith("DATA")) {
          write(client, "OK 0123456789abcdef0123456789abcdef\r\n".getBytes(US_ASCII));
        } else if (s.startsWith("AUTH")) {
          write(client, "REJECTED EXTERNAL\r\n".getBytes(US_ASCII));
        } else if (s.startsWith("NEGOTIATE_UNIX_FD")) {
          write(client, "ERROR\r\n".getBytes(US_ASCII));
        } else if (s.equals("BEGIN")) {
          break;
        }
      }
      while (true) {
        byte[] head = in.readNBytes(DBusMessage.HEAD_BYTES);
        if (head.length < DBusMessage.HEAD_BYTES) {
          return;
        }
        int length = DBusMessage.length(ByteBuffer.wrap(head));
        byte[] all = new byte[length];
        System.arraycopy(head, 0, all, 0, head.length);
        in.readNBytes(all, head.length, length - head.length);
        if (!silent) {
          write(client, answer(all));
        }
      }
    } catch (IOException _) {
      // the client has gone
    }
  }

  private static void write(SocketChannel client, byte[] bytes) throws IOException {
    ByteBuffer b = ByteBuffer.wrap(bytes);
    while (b.hasRemaining()) {
      client.write(b);
    }
  }

  private byte[] answer(byte[] request) throws IOException {
    var in = ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN);
    int serial = in.getInt(8);
    Map<Integer, String> fields = RequestFields.of(request);
    DBusMessage message = DBusMessage.decode(in);
    String path = fields.getOrDefault(1, "");
    String member = fields.getOrDefault(3, "");
    DBusMessage.Writer body = new DBusMessage.Writer();
    switch (member) {
      case "Hello" -> {
        body.text(":1.1");
        return reply(serial, "s", body);
      }
      case "ListUnits", "ListUnitsFiltered", "ListUnitsByPatterns" -> {
        body.number(0);
        int begin = 8; // the array begins at a multiple of 8
        for (Unit u : units) {
          body.align(8);
          body.text(u.name);
          body.text(u.name + " of a test");
          body.text(u.load);
          body.text(u.active);
          body.text("sub");
          body.text("");
          body.text(u.path());
          body.number(0);
          body.text("");
          body.text("/");
        }
        body.set(0, Math.max(0, body.size() - begin));
        if (units.isEmpty()) {
          body.align(8);
        }
        return reply(serial, "a(ssssssouso)", body);
      }
      case "Get" -> {
        Object value =
            property(path, (String) message.body().get(0), (String) message.body().get(1));
        if (value == null) {
          return error(serial, "org.freedesktop.DBus.Error.UnknownProperty");
        }
        variant(body, value);
        return reply(serial, "v", body);
      }
      default -> {
        return error(serial, "org.freedesktop.DBus.Error.UnknownMethod");
      }
    }
  }

  private Object property(String path, String of, String name) {
    if (path.equals("/org/freedesktop/systemd1")) {
      return manager.get(name);
    }
    for (Unit u : units) {
      if (u.path().equals(path)) {
        return u.properties.get(of.substring(of.lastIndexOf('.') + 1) + "." + name);
      }
    }
    return null;
  }

  private static void variant(DBusMessage.Writer body, Object value) {
    switch (value) {
      case String s -> {
        body.shortText("s");
        body.text(s);
      }
      case Integer i -> {
        body.shortText("u");
        body.number(i);
      }
      case Long l -> {
        body.shortText("t");
        body.large(l);
      }
      default -> throw new IllegalArgumentException(value.toString());
    }
  }

  private static byte[] reply(int serial, String signature, DBusMessage.Writer body) {
    return message(DBusMessage.REPLY, serial, "", signature, body);
  }

  private static byte[] error(int serial, String name) {
    return message(DBusMessage.ERROR, serial, name, "", new DBusMessage.Writer());
  }

  private static byte[] message(
      int type, int serial, String error, String signature, DBusMessage.Writer body) {
    DBusMessage.Writer w = new DBusMessage.Writer();
    w.bytes('l', type, 1, 1);
    w.number(body.size());
    w.number(serial);
    w.number(0);
    int begin = w.size();
    w.align(8);
    w.bytes(5);
    w.shortText("u");
    w.number(serial);
    if (!error.isEmpty()) {
      w.field(4, 's', error);
    }
    w.field(7, 's', "org.freedesktop.DBus");
    if (!signature.isEmpty()) {
      w.signature(signature);
    }
    w.set(begin - 4, w.size() - begin);
    w.align(8);
    w.append(body);
    return w.toBytes();
  }

  @Override
  public void close() throws IOException, InterruptedException {
    server.close();
    for (SocketChannel client : open) {
      client.close();
    }
    for (Thread thread : threads) {
      thread.join(10_000);
    }
  }
}
