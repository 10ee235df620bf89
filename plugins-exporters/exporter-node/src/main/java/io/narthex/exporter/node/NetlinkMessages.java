package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The form of netlink messages: {@code struct nlmsghdr} and attributes, aligned to 4 bytes. */
final class NetlinkMessages {
  static final int HEADER_BYTES = 16;

  private static final int ERROR = 2;
  private static final int DONE = 3;
  private static final int FIRST_OWN_TYPE = 16;
  private static final int FLAG_REQUEST = 0x1;
  private static final int FLAG_DUMP = 0x300;
  private static final int ATTRIBUTE_HEADER_BYTES = 4;
  private static final int ATTRIBUTE_TYPE = 0x3fff; // without the bits for nesting and byte order

  private NetlinkMessages() {}

  /** Returns a request for all objects of a kind. */
  static byte[] dumpRequest(int type, int sequence, byte[] body) {
    return buffer(HEADER_BYTES + body.length)
        .putInt(HEADER_BYTES + body.length)
        .putShort((short) type)
        .putShort((short) (FLAG_REQUEST | FLAG_DUMP))
        .putInt(sequence)
        .putInt(0)
        .put(body)
        .array();
  }

  /** Returns a buffer in the byte order that the kernel reads. */
  static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
  }

  /**
   * Hands the messages of a datagram to a reader.
   *
   * @return whether more datagrams follow
   */
  static boolean read(ByteBuffer datagram, Netlink.Reader reader) throws IOException {
    datagram.order(ByteOrder.nativeOrder());
    while (datagram.remaining() >= HEADER_BYTES) {
      int start = datagram.position();
      int length = datagram.getInt(start);
      int type = datagram.getShort(start + 4) & 0xffff;
      if (length < HEADER_BYTES || length > datagram.remaining()) {
        throw new IOException("netlink: a message of " + length + " bytes cannot be");
      }
      ByteBuffer body =
          datagram
              .slice(start + HEADER_BYTES, length - HEADER_BYTES)
              .order(ByteOrder.nativeOrder());
      if (type == ERROR || type == DONE) {
        int error = body.remaining() >= 4 ? body.getInt(0) : 0;
        if (error != 0) {
          throw new IOException("netlink: the kernel refuses with error " + -error);
        }
        return false;
      }
      if (type >= FIRST_OWN_TYPE) {
        reader.message(body);
      }
      datagram.position(Math.min(datagram.limit(), start + aligned(length)));
    }
    return true;
  }

  /** Returns the content of an attribute, or null. Attributes begin at {@code from}. */
  static @Nullable ByteBuffer attribute(ByteBuffer message, int from, int type) {
    int at = from;
    while (at + ATTRIBUTE_HEADER_BYTES <= message.limit()) {
      int length = message.getShort(at) & 0xffff;
      if (length < ATTRIBUTE_HEADER_BYTES || at + length > message.limit()) {
        return null;
      }
      if ((message.getShort(at + 2) & ATTRIBUTE_TYPE) == type) {
        return message
            .slice(at + ATTRIBUTE_HEADER_BYTES, length - ATTRIBUTE_HEADER_BYTES)
            .order(ByteOrder.nativeOrder());
      }
      at += aligned(length);
    }
    return null;
  }

  /** Returns a text that ends with a zero byte. */
  static String text(ByteBuffer content) {
    int n = 0;
    while (n < content.limit() && content.get(n) != 0) {
      n++;
    }
    byte[] bytes = new byte[n];
    content.get(0, bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static int aligned(int length) {
    return length + 3 & ~3;
  }
}
