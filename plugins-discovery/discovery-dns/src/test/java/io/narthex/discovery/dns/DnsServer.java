package io.narthex.discovery.dns;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/** A name server on the loopback, UDP and TCP on one port. */
final class DnsServer implements AutoCloseable {
  private final ServerSocket tcp;
  private final DatagramSocket udp;
  private final Map<String, List<Record>> records = new ConcurrentHashMap<>();
  final AtomicInteger queries = new AtomicInteger();
  final AtomicInteger streams = new AtomicInteger();
  volatile int rcode = Rcode.NOERROR;
  volatile boolean truncates;
  volatile boolean silent;

  DnsServer() throws IOException {
    tcp = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    udp =
        new DatagramSocket(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), tcp.getLocalPort()));
    Thread.ofVirtual().start(this::serveUdp);
    Thread.ofVirtual().start(this::serveTcp);
  }

  String address() {
    return "127.0.0.1:" + tcp.getLocalPort();
  }

  void put(String name, Record... answer) {
    records.put(name, List.of(answer));
  }

  private void serveUdp() {
    byte[] in = new byte[4096];
    try {
      while (true) {
        DatagramPacket p = new DatagramPacket(in, in.length);
        udp.receive(p);
        queries.incrementAndGet();
        if (silent) {
          continue;
        }
        Message answer = answer(new Message(java.util.Arrays.copyOf(in, p.getLength())));
        if (truncates) {
          answer.removeAllRecords(Section.ANSWER);
          answer.getHeader().setFlag(Flags.TC);
        }
        byte[] out = answer.toWire();
        udp.send(new DatagramPacket(out, out.length, p.getSocketAddress()));
      }
    } catch (IOException _) {
      // closed
    }
  }

  private void serveTcp() {
    try {
      while (true) {
        try (Socket s = tcp.accept()) {
          streams.incrementAndGet();
          DataInputStream in = new DataInputStream(s.getInputStream());
          byte[] query = new byte[in.readUnsignedShort()];
          in.readFully(query);
          byte[] out = answer(new Message(query)).toWire();
          s.getOutputStream().write(new byte[] {(byte) (out.length >> 8), (byte) out.length});
          s.getOutputStream().write(out);
        }
      }
    } catch (IOException _) {
      // closed
    }
  }

  private Message answer(Message query) {
    Message m = new Message(query.getHeader().getID());
    m.getHeader().setFlag(Flags.QR);
    m.addRecord(query.getQuestion(), Section.QUESTION);
    List<Record> found = records.get(query.getQuestion().getName().toString());
    m.getHeader().setRcode(found == null && rcode == 0 ? Rcode.NXDOMAIN : rcode);
    if (found != null && rcode == 0) {
      found.forEach(r -> m.addRecord(r, Section.ANSWER));
    }
    return m;
  }

  @Override
  public void close() throws IOException {
    udp.close();
    tcp.close();
  }
}
