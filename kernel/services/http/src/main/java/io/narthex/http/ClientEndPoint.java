package io.narthex.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * A connection that notices that its client has closed it while a request is being answered. With
 * HTTP/1.1 Jetty does not read in that time, and only a read shows that the other side has closed.
 * So a few bytes are read ahead; if there are any (a pipelined request, or TLS records), Jetty gets
 * them first when it reads again.
 */
final class ClientEndPoint extends SocketChannelEndPoint {
  private static final int AHEAD = 512;

  private final ReentrantLock lock = new ReentrantLock();
  private ByteBuffer ahead =
      BufferUtil.EMPTY_BUFFER; // guarded by lock; between reads it is flipped
  private boolean gone; // guarded by lock

  ClientEndPoint(
      SocketChannel channel, ManagedSelector selector, SelectionKey key, Scheduler scheduler) {
    super(channel, selector, key, scheduler);
  }

  /** Returns whether the client has closed the connection, as far as a read shows it. */
  boolean isClientGone() {
    lock.lock();
    try {
      if (gone || !isOpen() || isInputShutdown()) {
        return true;
      }
      if (ahead.capacity() == 0) {
        ahead = BufferUtil.allocate(AHEAD);
      }
      int n = 1;
      while (n > 0 && BufferUtil.space(ahead) > 0) {
        int position = BufferUtil.flipToFill(ahead);
        try {
          n = getChannel().read(ahead);
        } finally {
          BufferUtil.flipToFlush(ahead, position);
        }
      }
      gone = n < 0;
    } catch (IOException e) {
      gone = true; // a reset; the next read reports it again
    } finally {
      lock.unlock();
    }
    return gone;
  }

  @Override
  public int fill(ByteBuffer buffer) throws IOException {
    lock.lock();
    try {
      if (ahead.hasRemaining()) {
        return BufferUtil.append(buffer, ahead);
      }
    } finally {
      lock.unlock();
    }
    return super.fill(buffer);
  }

  @Override
  protected void needsFillInterest() {
    lock.lock();
    boolean waiting;
    try {
      waiting = ahead.hasRemaining();
    } finally {
      lock.unlock();
    }
    if (waiting) {
      // the selector does not know of the bytes read ahead
      Thread.ofVirtual().name("http-ahead").start(() -> getFillInterest().fillable());
    } else {
      super.needsFillInterest();
    }
  }
}
