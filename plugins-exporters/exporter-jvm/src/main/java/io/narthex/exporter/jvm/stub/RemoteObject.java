package io.narthex.exporter.jvm.stub;

import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.rmi.server.ObjID;
import javax.rmi.ssl.SslRMIClientSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Where a remote object is. Reads what {@code java.rmi.server.RemoteObject} writes, whose reading
 * would connect to that address at once, without limit of time.
 */
public class RemoteObject implements Serializable {
  private static final long serialVersionUID = -3215090123894869218L;
  private static final int WITH_SOCKET_FACTORY = 1;

  private transient @Nullable String host;
  private transient int port;
  private transient @Nullable ObjID id;
  private transient boolean tls;

  /** For subclasses. */
  protected RemoteObject() {}

  /** Returns the host that the object says it is on. */
  public final String host() {
    return String.valueOf(host);
  }

  /** Returns the port. */
  public final int port() {
    return port;
  }

  /** Returns the number of the object at that address. */
  public final ObjID id() throws InvalidObjectException {
    if (id == null) {
      throw new InvalidObjectException("a stub without reference");
    }
    return id;
  }

  /** Returns whether it asks for TLS. */
  public final boolean isTls() {
    return tls;
  }

  private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
    String kind = in.readUTF();
    boolean factory = false;
    switch (kind) {
      case "UnicastRef" -> {}
      case "UnicastRef2" -> factory = in.readByte() == WITH_SOCKET_FACTORY;
      default -> throw new InvalidObjectException("a stub with an unknown reference");
    }
    host = in.readUTF();
    port = in.readInt();
    if (factory) {
      tls = in.readObject() instanceof SslRMIClientSocketFactory;
    }
    id = ObjID.read(in);
    boolean unused = in.readBoolean(); // whether the stub was the result of a call
  }
}
