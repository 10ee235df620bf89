package io.narthex.exporter.jvm.remote;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.ObjectStreamException;
import java.net.Socket;
import java.rmi.server.ObjID;
import java.rmi.server.UID;
import org.jspecify.annotations.Nullable;

/**
 * A connection over which calls are made one after the other, in the stream protocol of RMI
 * (chapter 10 of the RMI specification). The RMI client of the JDK is not used because it has no
 * time limit for one call, reads objects without a filter of the caller's, and connects to whatever
 * address a stub in a reply names.
 */
final class RmiChannel implements AutoCloseable {
  private static final int MAGIC = 0x4a524d49;
  private static final int VERSION = 2;
  private static final int STREAM_PROTOCOL = 0x4b;
  private static final int ACKNOWLEDGED = 0x4e;
  private static final int CALL = 0x50;
  private static final int RETURN = 0x51;
  private static final int RESULT_ARRIVED = 0x54;
  private static final int NORMAL = 1;
  private static final int EXCEPTIONAL = 2;

  private final Socket socket;
  private final DataInputStream in;
  private final DataOutputStream out;
  private @Nullable UID lastReply;

  /** A reply cannot be read; the connection is of no use any more, another may be. */
  static final class UnreadableReply extends RuntimeException {
    private static final long serialVersionUID = 1;

    UnreadableReply(Throwable cause) {
      super(cause.getMessage(), cause);
    }
  }

  /** An exception that the other side has thrown. */
  static final class RemoteFault extends Exception {
    private static final long serialVersionUID = 1;

    RemoteFault(Throwable cause) {
      super(cause);
    }
  }

  /**
   * Takes over a connected socket, which is closed when the greeting fails.
   *
   * @param socket ends its reads by a deadline
   */
  RmiChannel(Socket socket) throws IOException {
    this.socket = socket;
    boolean done = false;
    try {
      in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 8192));
      out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 8192));
      out.writeInt(MAGIC);
      out.writeShort(VERSION);
      out.writeByte(STREAM_PROTOCOL);
      out.flush();
      if (in.readUnsignedByte() != ACKNOWLEDGED) {
        throw new IOException("the peer does not speak RMI");
      }
      String unusedHost = in.readUTF(); // this side, as the other sees it
      int unusedPort = in.readInt();
      out.writeUTF("");
      out.writeInt(0);
      done = true;
    } finally {
      if (!done) {
        socket.close();
      }
    }
  }

  /**
   * Makes a call.
   *
   * @throws IOException when the connection fails or the time is over
   * @throws UnreadableReply when the reply has what this server does not read
   */
  @Nullable Object call(ObjID object, RmiMethod method, @Nullable Object... arguments)
      throws IOException, RemoteFault {
    out.writeByte(CALL);
    CallStream call = new CallStream(out);
    object.write(call);
    call.writeInt(method.operation());
    call.writeLong(method.hash());
    for (Object argument : arguments) {
      call.writeObject(argument);
    }
    call.flush();
    int kind;
    Object result;
    try {
      if (in.readUnsignedByte() != RETURN) {
        throw new IOException("the peer does not answer a call as RMI does");
      }
      ReplyStream reply = new ReplyStream(in, true);
      kind = reply.readUnsignedByte();
      lastReply = UID.read(reply);
      if (kind != NORMAL && kind != EXCEPTIONAL) {
        throw new IOException("the peer does not answer a call as RMI does");
      }
      result = kind == NORMAL && !method.returns() ? null : reply.readObject();
    } catch (EOFException
        | ObjectStreamException
        | ClassNotFoundException
        | RuntimeException
        | StackOverflowError e) {
      // a peer that cannot send a value closes the connection
      throw new UnreadableReply(e);
    }
    if (kind == EXCEPTIONAL) {
      throw new RemoteFault(
          result instanceof Throwable t ? t : new IOException("a fault without exception"));
    }
    return result;
  }

  /** Returns the number of the last reply. */
  UID lastReply() throws IOException {
    if (lastReply == null) {
      throw new IOException("no reply yet");
    }
    return lastReply;
  }

  /** Tells the other side that it need not keep the result of a call any longer. */
  void acknowledge(UID reply) throws IOException {
    out.writeByte(RESULT_ARRIVED);
    reply.write(out);
    out.flush();
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
