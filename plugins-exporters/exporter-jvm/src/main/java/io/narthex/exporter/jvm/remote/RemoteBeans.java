package io.narthex.exporter.jvm.remote;

import io.narthex.exporter.jvm.jmx.Beans;
import io.narthex.exporter.jvm.jmx.Deadline;
import io.narthex.exporter.jvm.jmx.JmxException;
import io.narthex.exporter.jvm.remote.RmiChannel.RemoteFault;
import io.narthex.exporter.jvm.remote.RmiChannel.UnreadableReply;
import io.narthex.exporter.jvm.stub.RMIConnectionImpl_Stub;
import io.narthex.exporter.jvm.stub.RMIServerImpl_Stub;
import io.narthex.exporter.jvm.stub.RemoteObject;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.rmi.server.ObjID;
import java.rmi.server.UID;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.JMException;
import javax.management.MBeanException;
import javax.management.MBeanInfo;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;

/**
 * The MBeans of another JVM, over one connection to its JMX server, which lasts for one scrape. All
 * connections go to the configured host, each call ends by the deadline, and what comes back passes
 * {@link ReplyFilter}.
 */
public final class RemoteBeans implements Beans {
  private final Endpoint endpoint;
  private final Login login;
  private final Sockets sockets;
  private final Deadline deadline;
  private final Map<Integer, RmiChannel> channels = new HashMap<>(); // by port
  private @Nullable RemoteObject connection;
  private @Nullable UID connectionReply;

  private RemoteBeans(Endpoint endpoint, Login login, Sockets sockets, Deadline deadline) {
    this.endpoint = endpoint;
    this.login = login;
    this.sockets = sockets;
    this.deadline = deadline;
  }

  /**
   * Connects and logs in.
   *
   * @param deadline for this and everything that follows
   * @throws IOException when the JVM cannot be reached or refuses, with a message for users
   */
  public static RemoteBeans connect(
      Endpoint endpoint, Login login, Sockets sockets, Deadline deadline)
      throws IOException, InterruptedException {
    RemoteBeans beans = new RemoteBeans(endpoint, login, sockets, deadline);
    boolean done = false;
    try {
      beans.open();
      done = true;
      return beans;
    } catch (UnreadableReply e) {
      throw new JmxException("no JMX server that can be read: " + e.getMessage(), e);
    } catch (RemoteFault e) {
      throw new JmxException("the JMX server refuses: " + e.getCause(), e);
    } finally {
      if (!done) {
        beans.close();
      }
    }
  }

  private void open() throws IOException, InterruptedException, RemoteFault {
    RMIServerImpl_Stub server = endpoint.stub();
    if (server == null) {
      Object found =
          channel(endpoint.port(), login.registryTls())
              .call(new ObjID(ObjID.REGISTRY_ID), RmiMethod.LOOKUP, endpoint.name());
      if (!(found instanceof RMIServerImpl_Stub stub)) {
        throw new JmxException("the registry has no JMX server as \"" + endpoint.name() + "\"");
      }
      server = stub;
    }
    if (login.tls() && !server.isTls()) {
      throw new JmxException("the JMX server does not use TLS, which the settings demand");
    }
    Object credentials =
        login.username() == null ? null : new String[] {login.username(), login.password()};
    RmiChannel channel = channel(server.port(), server.isTls());
    Object made = channel.call(server.id(), RmiMethod.NEW_CLIENT, credentials);
    if (!(made instanceof RMIConnectionImpl_Stub stub)) {
      throw new JmxException("the JMX server gives no connection");
    }
    if (login.tls() && !stub.isTls()) {
      throw new JmxException("the JMX server does not use TLS, which the settings demand");
    }
    connection = stub;
    connectionReply = channel.lastReply();
  }

  private RmiChannel channel(int port, boolean tls) throws IOException, InterruptedException {
    RmiChannel channel = channels.get(port);
    if (channel == null) {
      channel = new RmiChannel(sockets.connect(endpoint.host(), port, tls, deadline));
      channels.put(port, channel);
    }
    return channel;
  }

  private @Nullable Object call(RmiMethod method, @Nullable Object... arguments)
      throws IOException, JMException {
    RemoteObject to = connection;
    if (to == null) {
      throw new IOException("not connected");
    }
    try {
      deadline.check();
      return channel(to.port(), to.isTls()).call(to.id(), method, arguments);
    } catch (UnreadableReply e) {
      drop(to.port()); // where its next reply begins is unknown
      throw e;
    } catch (RemoteFault e) {
      switch (e.getCause()) {
        case JMException known -> throw known;
        case RuntimeException known -> throw known;
        case IOException known ->
            throw new MBeanException(known, String.valueOf(known.getMessage()));
        case null, default -> throw new MBeanException(e, String.valueOf(e.getMessage()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("interrupted");
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  private void drop(int port) {
    RmiChannel channel = channels.remove(port);
    if (channel != null) {
      channel.close();
    }
  }

  @Override
  public Set<ObjectName> names(ObjectName pattern) throws IOException, JMException {
    Set<ObjectName> names = new HashSet<>();
    Object reply;
    try {
      reply = call(RmiMethod.QUERY_NAMES, pattern, null, null);
    } catch (UnreadableReply e) {
      throw new JmxException("the names of MBeans cannot be read: " + e.getMessage(), e);
    }
    if (reply instanceof Set<?> found) {
      for (Object name : found) {
        if (name instanceof ObjectName n && !n.isPattern()) {
          names.add(n);
        }
      }
    }
    return names;
  }

  @Override
  public MBeanInfo info(ObjectName bean) throws IOException, JMException {
    if (call(RmiMethod.MBEAN_INFO, bean, null) instanceof MBeanInfo info) {
      return info;
    }
    throw new JmxException("the JMX server does not describe " + bean);
  }

  @Override
  public List<Attribute> attributes(ObjectName bean, String[] names)
      throws IOException, JMException {
    List<Attribute> attributes = new ArrayList<>();
    if (call(RmiMethod.ATTRIBUTES, bean, names, null) instanceof AttributeList list) {
      for (Object item : list) {
        if (item instanceof Attribute attribute) {
          attributes.add(attribute);
        }
      }
    }
    return attributes;
  }

  /** Logs out, if that is possible at once. */
  @Override
  public void close() {
    RemoteObject to = connection;
    UID reply = connectionReply;
    connection = null;
    RmiChannel channel = to == null ? null : channels.get(to.port());
    if (to != null && channel != null && reply != null) {
      try {
        Object unused = channel.call(to.id(), RmiMethod.CLOSE);
        channel.acknowledge(reply);
      } catch (IOException | RemoteFault | UnreadableReply _) {
        // the other side closes by itself after a while
      }
    }
    channels.values().forEach(RmiChannel::close);
    channels.clear();
  }
}
