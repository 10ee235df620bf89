package io.narthex.exporter.jvm.stub;

/** Where a JMX connection is. */
public final class RMIConnectionImpl_Stub extends RemoteStub {
  private static final long serialVersionUID = 2;

  private RMIConnectionImpl_Stub() {}
}
