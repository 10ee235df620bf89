package io.narthex.exporter.jvm.remote;

import io.narthex.exporter.jvm.stub.RMIConnectionImpl_Stub;
import io.narthex.exporter.jvm.stub.RMIServerImpl_Stub;
import io.narthex.exporter.jvm.stub.RemoteObject;
import io.narthex.exporter.jvm.stub.RemoteStub;
import java.io.IOException;
import java.io.InputStream;
import java.io.InvalidClassException;
import java.io.ObjectInputStream;
import java.io.ObjectStreamClass;
import java.util.Map;

/**
 * The objects of one reply. Loads classes of the JDK only, and only those that the filter allows.
 */
final class ReplyStream extends ObjectInputStream {
  private static final Map<String, Class<?>> STUBS =
      Map.of(
          "java.rmi.server.RemoteObject", RemoteObject.class,
          "java.rmi.server.RemoteStub", RemoteStub.class,
          "javax.management.remote.rmi.RMIServerImpl_Stub", RMIServerImpl_Stub.class,
          "javax.management.remote.rmi.RMIConnectionImpl_Stub", RMIConnectionImpl_Stub.class);

  private final boolean annotated;

  /**
   * Opens it.
   *
   * @param annotated whether each class is followed by where its code is, as in calls of RMI
   */
  ReplyStream(InputStream in, boolean annotated) throws IOException {
    super(in);
    this.annotated = annotated;
    setObjectInputFilter(new ReplyFilter());
  }

  @Override
  protected Class<?> resolveClass(ObjectStreamClass description)
      throws IOException, ClassNotFoundException {
    if (annotated) {
      Object unused = readObject(); // nothing is loaded from there
    }
    String name = description.getName();
    Class<?> stub = STUBS.get(name);
    if (stub != null) {
      return stub;
    }
    String element = name;
    if (name.startsWith("[")) {
      int brackets = name.lastIndexOf('[') + 1;
      element = name.charAt(brackets) == 'L' ? name.substring(brackets + 1, name.length() - 1) : "";
    }
    if (!element.isEmpty() && !ReplyFilter.allows(element)) {
      throw new InvalidClassException(name, "not of a kind that this server reads");
    }
    return Class.forName(name, false, ClassLoader.getPlatformClassLoader());
  }

  @Override
  protected Class<?> resolveProxyClass(String[] interfaces) throws IOException {
    throw new InvalidClassException("a proxy", "not of a kind that this server reads");
  }
}
