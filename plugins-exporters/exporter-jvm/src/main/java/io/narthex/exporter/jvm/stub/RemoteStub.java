package io.narthex.exporter.jvm.stub;

/** Stands for {@code java.rmi.server.RemoteStub}. */
public class RemoteStub extends RemoteObject {
  private static final long serialVersionUID = -1585587260594494182L;

  /** For subclasses. */
  protected RemoteStub() {}
}
