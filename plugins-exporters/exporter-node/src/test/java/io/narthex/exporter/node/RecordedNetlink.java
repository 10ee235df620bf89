package io.narthex.exporter.node;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullUnmarked;

/**
 * Stands in for the kernel: answers netlink requests with messages that a test has put together.
 */
@NullUnmarked
final class RecordedNetlink implements Netlink {
  private static final Pattern OBJECT = Pattern.compile("\\{([^}]*)\\}", 0);
  private static final Pattern FIELD = Pattern.compile("\"(\\w+)\": \"?([^\",\\n]+)\"?", 0);

  private final Map<Integer, List<byte[]>> answers = new LinkedHashMap<>();

  RecordedNetlink() {}

  /** Queues as node_exporter's fixture tells them, and the devices they belong to. */
  RecordedNetlink(Path queues) {
    String text;
    try {
      text = Files.readString(queues);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    link(1, "lo", new long[24]);
    int index = 2;
    Matcher m = OBJECT.matcher(text);
    while (m.find()) {
      Map<String, String> f = new LinkedHashMap<>();
      Matcher field = FIELD.matcher(m.group(1));
      while (field.find()) {
        f.put(field.group(1), field.group(2).strip());
      }
      link(index, f.get("IfaceName"), new long[24]);
      queue(
          index++,
          -1,
          f.get("Kind"),
          Long.parseLong(f.get("Bytes")),
          Integer.parseInt(f.get("Packets")),
          new int[] {
            0,
            0,
            Integer.parseInt(f.getOrDefault("Drops", "0")),
            Integer.parseInt(f.getOrDefault("Requeues", "0")),
            0
          });
    }
  }

  /** Adds a device with the kernel's 64-bit statistics. */
  void link(int index, String name, long[] stats) {
    ByteBuffer values = NetlinkMessages.buffer(8 * stats.length);
    for (long v : stats) {
      values.putLong(v);
    }
    ByteBuffer b =
        NetlinkMessages.buffer(2048)
            .putInt(0)
            .putInt(index)
            .putInt(0)
            .putInt(0)
            .put(attribute(3, (name + "\0").getBytes(StandardCharsets.UTF_8)))
            .put(attribute(23, values.array()));
    add(18, b);
  }

  /** Adds a neighbour. */
  void neighbour(int device, int state) {
    add(
        30,
        NetlinkMessages.buffer(64)
            .put((byte) 2)
            .put((byte) 0)
            .putShort((short) 0)
            .putInt(device)
            .putShort((short) state)
            .putShort((short) 0));
  }

  /** Adds a queueing discipline; {@code numbers}: length, backlog, drops, requeues, overlimits. */
  void queue(int device, int parent, String kind, long bytes, int packets, int[] numbers) {
    ByteBuffer basic = NetlinkMessages.buffer(16).putLong(bytes).putInt(packets).putInt(0);
    ByteBuffer queue = NetlinkMessages.buffer(20);
    for (int v : numbers) {
      queue.putInt(v);
    }
    byte[] first = attribute(1, basic.array());
    byte[] second = attribute(3, queue.array());
    byte[] nested = new byte[first.length + second.length];
    System.arraycopy(first, 0, nested, 0, first.length);
    System.arraycopy(second, 0, nested, first.length, second.length);
    add(
        38,
        NetlinkMessages.buffer(512)
            .putInt(0)
            .putInt(device)
            .putInt(0)
            .putInt(parent)
            .putInt(0)
            .put(attribute(1, (kind + "\0").getBytes(StandardCharsets.UTF_8)))
            .put(attribute(7, nested)));
  }

  /** Adds a socket. */
  void socket(int family, int state, int receiveQueue, int sendQueue) {
    ByteBuffer b = NetlinkMessages.buffer(72).put((byte) family).put((byte) state);
    b.position(56);
    b.putInt(receiveQueue).putInt(sendQueue).position(72);
    add(20 << 8 | family, b);
  }

  private void add(int type, ByteBuffer body) {
    byte[] bytes = new byte[body.position()];
    body.get(0, bytes);
    answers.computeIfAbsent(type, _ -> new ArrayList<>()).add(bytes);
  }

  private static byte[] attribute(int type, byte[] content) {
    ByteBuffer b = NetlinkMessages.buffer(4 + content.length + 3 & ~3);
    return b.putShort((short) (4 + content.length)).putShort((short) type).put(content).array();
  }

  @Override
  public void dump(int protocol, int type, byte[] body, Reader reader) throws IOException {
    int key = type == 20 ? type << 8 | body[0] : type;
    // all in one datagram as the kernel sends them: header and body each, the end last
    ByteBuffer datagram = NetlinkMessages.buffer(1 << 16);
    for (byte[] message : answers.getOrDefault(key, List.of())) {
      datagram
          .putInt(NetlinkMessages.HEADER_BYTES + message.length)
          .putShort((short) 16)
          .putShort((short) 2)
          .putInt(1)
          .putInt(1)
          .put(message);
    }
    datagram.putInt(20).putShort((short) 3).putShort((short) 2).putInt(1).putInt(1).putInt(0);
    if (NetlinkMessages.read(datagram.flip(), reader)) {
      throw new IOException("the answer has no end");
    }
  }
}
