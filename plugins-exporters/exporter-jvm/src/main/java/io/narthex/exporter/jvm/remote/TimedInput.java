package io.narthex.exporter.jvm.remote;

import io.narthex.exporter.jvm.jmx.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;

/** What a socket sends until the deadline, or until its thread is interrupted. */
final class TimedInput extends InputStream {
  private static final int SLICE_MILLIS = 200;

  private final Socket socket;
  private final InputStream in;
  private final Deadline deadline;
  private final boolean sliced;

  /**
   * Wraps a socket's stream.
   *
   * @param sliced whether a read may be repeated after a timeout, which lets it notice interrupts
   */
  TimedInput(Socket socket, Deadline deadline, boolean sliced) throws IOException {
    this.socket = socket;
    in = socket.getInputStream();
    this.deadline = deadline;
    this.sliced = sliced;
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
        int left = deadline.millisLeft();
        socket.setSoTimeout(sliced ? Math.min(left, SLICE_MILLIS) : left);
        return in.read(bytes, offset, length);
      } catch (SocketTimeoutException e) {
        if (!sliced) {
          throw e;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted");
      }
    }
  }
}
