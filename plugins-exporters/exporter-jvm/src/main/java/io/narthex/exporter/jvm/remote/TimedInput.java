package io.narthex.exporter.jvm.remote;

import io.narthex.exporter.jvm.jmx.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;

/**
 * What a socket sends until the deadline, or until its thread is interrupted, which a read notices
 * between two short timeouts.
 */
final class TimedInput extends InputStream {
  private static final int SLICE_MILLIS = 200;

  private final Socket socket;
  private final InputStream in;
  private final Deadline deadline;

  /** Wraps the stream of a socket. */
  TimedInput(Socket socket, InputStream in, Deadline deadline) {
    this.socket = socket;
    this.in = in;
    this.deadline = deadline;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    while (true) {
      try {
        socket.setSoTimeout(Math.min(deadline.millisLeft(), SLICE_MILLIS));
        return in.read(bytes, offset, length);
      } catch (SocketTimeoutException _) {
        // the deadline is checked next
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted");
      }
    }
  }
}
