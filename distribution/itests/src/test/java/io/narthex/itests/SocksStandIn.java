package io.narthex.itests;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A SOCKS5 proxy that wants a login (RFC 1928, 1929) and connects every name to this machine. */
final class SocksStandIn implements AutoCloseable {
  private static final int TIMEOUT_MS = 10_000;

  private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final String login;
  private final List<String> asked = new CopyOnWriteArrayList<>();

  /**
   * Starts one.
   *
   * @param login user and password with a colon between them
   */
  SocksStandIn(String login) throws IOException {
    this.login = login;
    Thread.ofVirtual().name("socks").start(this::accept);
  }

  int port() {
    return listening.getLocalPort();
  }

  /** Returns the names and ports that were asked for by those who had logged in. */
  List<String> asked() {
    return List.copyOf(asked);
  }

  private void accept() {
    while (true) {
      try {
        Socket client = listening.accept();
        Thread.ofVirtual().start(() -> serve(client));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket client) {
    try (client) {
      client.setSoTimeout(TIMEOUT_MS);
      DataInputStream in = new DataInputStream(client.getInputStream());
      OutputStream out = client.getOutputStream();
      in.readByte();
      byte[] methods = in.readNBytes(in.readUnsignedByte());
      boolean offered = new String(methods, StandardCharsets.ISO_8859_1).indexOf(2) >= 0;
      out.write(new byte[] {5, (byte) (offered ? 2 : 0xff)});
      if (!offered) {
        return;
      }
      in.readByte();
      String given = text(in) + ":" + text(in);
      out.write(new byte[] {1, (byte) (given.equals(login) ? 0 : 1)});
      if (!given.equals(login)) {
        return;
      }
      in.readNBytes(3);
      int type = in.readUnsignedByte();
      String host =
          type == 3 ? text(in) : InetAddress.getByAddress(in.readNBytes(4)).getHostAddress();
      int port = in.readUnsignedShort();
      asked.add(host + ":" + port);
      try (Socket target = new Socket(InetAddress.getLoopbackAddress(), port)) {
        out.write(new byte[] {5, 0, 0, 1, 0, 0, 0, 0, 0, 0});
        Thread back = Thread.ofVirtual().start(() -> copy(target, out));
        in.transferTo(target.getOutputStream());
        back.interrupt();
      }
    } catch (IOException e) {
      // the client sees the end of the connection
    }
  }

  private static void copy(Socket from, OutputStream to) {
    try {
      InputStream in = from.getInputStream();
      in.transferTo(to);
    } catch (IOException e) {
      // one side has ended
    }
  }

  private static String text(DataInputStream in) throws IOException {
    return new String(in.readNBytes(in.readUnsignedByte()), StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
