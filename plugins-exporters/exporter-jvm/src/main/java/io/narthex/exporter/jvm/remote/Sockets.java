package io.narthex.exporter.jvm.remote;

import io.narthex.exporter.jvm.jmx.Deadline;
import java.io.IOException;
import java.net.Socket;

/** Makes connections to one host. */
public interface Sockets {
  /** Connects within the deadline, which reads of the socket end by, too. */
  Socket connect(String host, int port, boolean tls, Deadline deadline)
      throws IOException, InterruptedException;
}
