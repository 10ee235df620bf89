package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Messages of D-Bus: method calls whose arguments are texts, and replies of any type.
 *
 * <p>A message is a fixed head (byte order, type, flags, version, length of the body, serial), an
 * array of header fields, zeros up to a multiple of 8, the body. Every value stands at a multiple
 * of its own alignment, counted from the beginning of the message. See "D-Bus Specification",
 * Message Protocol.
 */
record DBusMessage(int type, long replyTo, String error, List<Object> body) {
  static final int CALL = 1;
  static final int REPLY = 2;
  static final int ERROR = 3;

  /** Bytes at the beginning that tell how long a message is. */
  static final int HEAD_BYTES = 16;

  /** The most that is read of one message; the specification allows 128 MiB. */
  static final int MAX_BYTES = 32 << 20;

  private static final int FIELD_PATH = 1;
  private static final int FIELD_INTERFACE = 2;
  private static final int FIELD_MEMBER = 3;
  private static final int FIELD_ERROR = 4;
  private static final int FIELD_REPLY_SERIAL = 5;
  private static final int FIELD_DESTINATION = 6;
  private static final int FIELD_SIGNATURE = 8;
  private static final int MAX_DEPTH = 32;

  /** A method call. */
  record Call(
      String destination, String path, String name, String member, List<String> arguments) {}

  /** Returns the bytes of a call. */
  static byte[] encode(Call call, int serial) {
    Writer body = new Writer();
    call.arguments.forEach(body::text);
    Writer w = new Writer();
    w.bytes('l', CALL, 0, 1);
    w.number(body.size());
    w.number(serial);
    w.number(0); // length of the fields, known later
    int begin = w.size();
    w.field(FIELD_PATH, 'o', call.path);
    w.field(FIELD_DESTINATION, 's', call.destination);
    w.field(FIELD_INTERFACE, 's', call.name);
    w.field(FIELD_MEMBER, 's', call.member);
    if (!call.arguments.isEmpty()) {
      w.signature("s".repeat(call.arguments.size()));
    }
    w.set(begin - 4, w.size() - begin);
    w.align(8);
    w.append(body);
    return w.toBytes();
  }

  /**
   * Returns how many bytes a message has in all.
   *
   * @param head its first {@link #HEAD_BYTES} bytes
   */
  static int length(ByteBuffer head) throws IOException {
    order(head);
    long fields = Integer.toUnsignedLong(head.getInt(head.position() + 12));
    long body = Integer.toUnsignedLong(head.getInt(head.position() + 4));
    long all = (HEAD_BYTES + fields + 7 & ~7L) + body;
    if (all > MAX_BYTES) {
      throw new IOException("D-Bus: a message of " + all + " bytes; at most " + MAX_BYTES);
    }
    return (int) all;
  }

  private static void order(ByteBuffer message) throws IOException {
    byte mark = message.get(message.position());
    if (mark != 'l' && mark != 'B') {
      throw new IOException("D-Bus: not a message, it begins with byte " + mark);
    }
    message.order(mark == 'l' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
  }

  /** Reads a whole message, which begins at position 0 of the buffer. */
  static DBusMessage decode(ByteBuffer message) throws IOException {
    order(message);
    try {
      Reader r = new Reader(message);
      int type = message.get(1);
      message.position(12);
      long replyTo = 0;
      String error = "";
      String signature = "";
      for (Object field : (List<?>) r.value(new Signature("a(yv)"), 0)) {
        List<?> pair = (List<?>) field;
        switch ((int) (long) (Long) pair.get(0)) {
          case FIELD_ERROR -> error = (String) pair.get(1);
          case FIELD_REPLY_SERIAL -> replyTo = (Long) pair.get(1);
          case FIELD_SIGNATURE -> signature = (String) pair.get(1);
          default -> {
            // who sends it, and to what path
          }
        }
      }
      r.align(8);
      List<Object> body = new ArrayList<>();
      Signature s = new Signature(signature);
      while (s.hasMore()) {
        body.add(r.value(s, 0));
      }
      return new DBusMessage(type, replyTo, error, body);
    } catch (RuntimeException e) {
      throw new IOException("D-Bus: a message that cannot be read: " + e, e);
    }
  }

  /** A signature that is being read. */
  private static final class Signature {
    final String text;
    int at;

    Signature(String text) {
      this.text = text;
    }

    boolean hasMore() {
      return at < text.length();
    }

    char next() {
      return text.charAt(at++);
    }

    /** Moves behind one complete type. */
    void skip() {
      char c = next();
      if (c == 'a') {
        skip();
      } else if (c == '(' || c == '{') {
        char end = c == '(' ? ')' : '}';
        while (text.charAt(at) != end) {
          skip();
        }
        at++;
      }
    }
  }

  /** Reads values. Whole numbers are longs, arrays and structures lists. */
  private record Reader(ByteBuffer in) {
    void align(int to) {
      in.position(in.position() + to - 1 & -to);
    }

    Object value(Signature s, int depth) throws IOException {
      if (depth > MAX_DEPTH) {
        throw new IOException("D-Bus: more than " + MAX_DEPTH + " types within each other");
      }
      char c = s.next();
      switch (c) {
        case 'y' -> {
          return (long) (in.get() & 255);
        }
        case 'n', 'q' -> {
          align(2);
          short v = in.getShort();
          return c == 'n' ? (long) v : v & 0xffffL;
        }
        case 'b', 'i', 'u', 'h' -> {
          align(4);
          int v = in.getInt();
          return c == 'i' ? (long) v : Integer.toUnsignedLong(v);
        }
        case 'x', 't' -> {
          align(8);
          return in.getLong();
        }
        case 'd' -> {
          align(8);
          return in.getDouble();
        }
        case 's', 'o' -> {
          align(4);
          return text(in.getInt());
        }
        case 'g' -> {
          return text(in.get() & 255);
        }
        case 'v' -> {
          return value(new Signature(text(in.get() & 255)), depth + 1);
        }
        case 'a' -> {
          return array(s, depth);
        }
        case '(', '{' -> {
          align(8);
          List<Object> all = new ArrayList<>();
          char end = c == '(' ? ')' : '}';
          while (s.text.charAt(s.at) != end) {
            all.add(value(s, depth + 1));
          }
          s.at++;
          return all;
        }
        default -> throw new IOException("D-Bus: unknown type " + c);
      }
    }

    private List<Object> array(Signature s, int depth) throws IOException {
      align(4);
      int length = in.getInt();
      int type = s.at;
      switch (s.text.charAt(type)) {
        case 'x', 't', 'd', '(', '{' -> align(8);
        default -> {
          // the alignment of the length is enough
        }
      }
      int end = in.position() + length;
      if (length < 0 || end > in.limit()) {
        throw new IOException("D-Bus: an array of " + length + " bytes");
      }
      List<Object> all = new ArrayList<>();
      while (in.position() < end) {
        s.at = type;
        all.add(value(s, depth + 1));
      }
      s.at = type;
      s.skip();
      return all;
    }

    private String text(int length) throws IOException {
      if (length < 0 || length >= in.remaining()) {
        throw new IOException("D-Bus: a text of " + length + " bytes");
      }
      byte[] bytes = new byte[length];
      in.get(bytes);
      byte _ = in.get(); // a zero
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  /** Writes values, in little endian. */
  static final class Writer {
    private ByteBuffer out = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);

    private ByteBuffer room(int bytes) {
      if (out.remaining() < bytes) {
        ByteBuffer larger =
            ByteBuffer.allocate(2 * (out.position() + bytes)).order(ByteOrder.LITTLE_ENDIAN);
        out = larger.put(out.flip());
      }
      return out;
    }

    int size() {
      return out.position();
    }

    void align(int to) {
      while (out.position() % to != 0) {
        room(1).put((byte) 0);
      }
    }

    void bytes(int... values) {
      for (int v : values) {
        room(1).put((byte) v);
      }
    }

    void number(int v) {
      align(4);
      room(4).putInt(v);
    }

    void large(long v) {
      align(8);
      room(8).putLong(v);
    }

    void text(String s) {
      byte[] bytes = s.getBytes(StandardCharsets.UTF_8);
      number(bytes.length);
      room(bytes.length + 1).put(bytes).put((byte) 0);
    }

    /** A text of type g, as signatures are. */
    void shortText(String s) {
      byte[] bytes = s.getBytes(StandardCharsets.UTF_8);
      room(bytes.length + 2).put((byte) bytes.length).put(bytes).put((byte) 0);
    }

    void field(int code, char type, String value) {
      align(8);
      bytes(code);
      shortText(String.valueOf(type));
      text(value);
    }

    void signature(String value) {
      align(8);
      bytes(FIELD_SIGNATURE);
      shortText("g");
      shortText(value);
    }

    void set(int at, int v) {
      out.putInt(at, v);
    }

    void append(Writer other) {
      byte[] bytes = other.toBytes();
      room(bytes.length).put(bytes);
    }

    byte[] toBytes() {
      byte[] bytes = new byte[out.position()];
      out.get(0, bytes);
      return bytes;
    }
  }
}
