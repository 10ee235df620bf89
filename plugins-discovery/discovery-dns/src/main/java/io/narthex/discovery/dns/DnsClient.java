package io.narthex.discovery.dns;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.WireParseException;

/**
 * Sends one query to one server, by UDP, and by TCP when the response was truncated. Only the
 * library's messages are used: its client has a selector thread that would outlive the plugin.
 * Channels, because an interrupt closes them on every kind of thread, unlike plain sockets.
 */
final class DnsClient {
  private static final int UDP_SIZE = 4096;

  private DnsClient() {}

  /** Returns the response, whatever its code. */
  static Message ask(InetSocketAddress server, String name, int type, Duration timeout)
      throws IOException {
    InetSocketAddress address =
        server.isUnresolved()
            ? new InetSocketAddress(server.getHostString(), server.getPort())
            : server;
    if (address.isUnresolved()) {
      throw new IOException("name server \"" + server.getHostString() + "\" is unknown");
    }
    Message query = Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
    query.addRecord(new org.xbill.DNS.OPTRecord(UDP_SIZE, 0, 0), Section.ADDITIONAL);
    Message answer = udp(address, query, timeout);
    return answer.getHeader().getFlag(Flags.TC) ? tcp(address, query, timeout) : answer;
  }

  private static Message udp(InetSocketAddress server, Message query, Duration timeout)
      throws IOException {
    long deadline = System.nanoTime() + timeout.toNanos();
    try (DatagramChannel channel = DatagramChannel.open()) {
      channel.connect(server);
      byte[] out = query.toWire();
      channel.socket().send(new DatagramPacket(out, out.length));
      byte[] in = new byte[UDP_SIZE];
      while (true) {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          throw new SocketTimeoutException("no answer within " + timeout.toSeconds() + "s");
        }
        channel.socket().setSoTimeout((int) left);
        DatagramPacket packet = new DatagramPacket(in, in.length);
        channel.socket().receive(packet);
        Message answer;
        try {
          answer = new Message(java.util.Arrays.copyOf(in, packet.getLength()));
        } catch (WireParseException _) {
          continue; // not a response to this query, or forged
        }
        if (answers(answer, query)) {
          return answer;
        }
      }
    }
  }

  private static Message tcp(InetSocketAddress server, Message query, Duration timeout)
      throws IOException {
    try (SocketChannel channel = SocketChannel.open()) {
      channel.socket().connect(server, (int) timeout.toMillis());
      channel.socket().setSoTimeout((int) timeout.toMillis());
      byte[] out = query.toWire();
      DataOutputStream to = new DataOutputStream(channel.socket().getOutputStream());
      byte[] framed = new byte[out.length + 2];
      framed[0] = (byte) (out.length >> 8);
      framed[1] = (byte) out.length;
      System.arraycopy(out, 0, framed, 2, out.length);
      to.write(framed);
      to.flush();
      DataInputStream from = new DataInputStream(channel.socket().getInputStream());
      byte[] in = new byte[from.readUnsignedShort()];
      from.readFully(in);
      Message answer = new Message(in);
      if (!answers(answer, query)) {
        throw new IOException("answer does not fit the question");
      }
      return answer;
    }
  }

  private static boolean answers(Message answer, Message query) {
    return answer.getHeader().getFlag(Flags.QR)
        && answer.getHeader().getID() == query.getHeader().getID()
        && (answer.getQuestion() == null || answer.getQuestion().equals(query.getQuestion()));
  }
}
