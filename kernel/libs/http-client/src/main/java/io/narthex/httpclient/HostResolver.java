package io.narthex.httpclient;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.util.Promise;
import org.eclipse.jetty.util.SocketAddressResolver;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * Finds the addresses of a host, on threads of the client since a lookup holds its thread. How long
 * an answer is kept is the JVM's setting {@code networkaddress.cache.ttl}, which the launcher sets
 * to a second.
 */
final class HostResolver implements SocketAddressResolver {
  private static final long TIMEOUT_MS = 15_000;

  /** Asks the name service. */
  interface Lookup {
    InetAddress[] addresses(String name) throws UnknownHostException;
  }

  private final Lookup names;
  private final Executor threads;
  private final Scheduler timer;

  HostResolver(Lookup names, Executor threads, Scheduler timer) {
    this.names = names;
    this.threads = threads;
    this.timer = timer;
  }

  @Override
  public void resolve(
      String host, int port, Map<String, Object> context, Promise<List<InetSocketAddress>> found) {
    String name =
        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    InetAddress literal = HostNames.literal(name);
    threads.execute(() -> {
      // what follows on this thread opens a connection, for which the client looks for services of
      // its libraries; a thread of the pool has the class loader of whoever made it start
      Thread thread = Thread.currentThread();
      ClassLoader before = thread.getContextClassLoader();
      thread.setContextClassLoader(HostResolver.class.getClassLoader());
      try {
        if (literal == null) {
          lookUp(name, port, found);
        } else {
          found.succeeded(List.of(new InetSocketAddress(HostNames.reached(literal), port)));
        }
      } catch (RuntimeException e) {
        found.failed(e);
      } finally {
        thread.setContextClassLoader(before);
      }
    });
  }

  private void lookUp(String name, int port, Promise<List<InetSocketAddress>> found) {
    AtomicBoolean done = new AtomicBoolean();
    Scheduler.Task alarm =
        timer.schedule(
            () -> {
              if (done.compareAndSet(false, true)) {
                found.failed(new TimeoutException("address lookup"));
              }
            },
            TIMEOUT_MS,
            TimeUnit.MILLISECONDS);
    try {
      if (!HostNames.isName(name)) {
        throw new UnknownHostException(name);
      }
      InetAddress[] addresses = names.addresses(name);
      if (done.compareAndSet(false, true)) {
        found.succeeded(Arrays.stream(addresses).map(a -> new InetSocketAddress(a, port)).toList());
      }
    } catch (UnknownHostException | RuntimeException e) {
      if (done.compareAndSet(false, true)) {
        found.failed(e);
      }
    } finally {
      alarm.cancel();
    }
  }
}
