package io.narthex.exporter.jvm.remote;

import io.narthex.exporter.jvm.jmx.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;

/**
 * A socket whose reads end by a deadline, however slowly bytes come. TLS that is layered over it
 * reads by the same stream, so that a handshake ends too.
 */
final class TimedSocket extends Socket {
  private final Deadline deadline;

  TimedSocket(Deadline deadline) {
    this.deadline = deadline;
  }

  @Override
  public InputStream getInputStream() throws IOException {
    return new TimedInput(this, super.getInputStream(), deadline);
  }
}
