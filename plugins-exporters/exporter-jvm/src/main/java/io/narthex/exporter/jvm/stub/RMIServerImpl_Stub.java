package io.narthex.exporter.jvm.stub;

/** Where a JMX server is. */
public final class RMIServerImpl_Stub extends RemoteStub {
  private static final long serialVersionUID = 2;

  private RMIServerImpl_Stub() {}
}
