package io.narthex.exporter.node;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Netlink sockets of the C library; the JDK has none. A socket lives for one question. */
final class KernelNetlink implements Netlink {
  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW_CLOEXEC = 3 | 02000000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_RCVTIMEO = 20;
  private static final int TIMEVAL_BYTES = 16;
  private static final int DATAGRAM_BYTES = 1 << 16; // the kernel sends 32 KiB at once

  /** How long one answer may take; the kernel answers from memory. */
  private static final long LIMIT_NANOS = Duration.ofSeconds(3).toNanos();

  private static final @Nullable Calls CALLS = Calls.find();

  /** What is received; collections do not overlap. */
  private final MemorySegment datagram = Arena.ofAuto().allocate(DATAGRAM_BYTES, 8);

  /** The functions of the C library. */
  private record Calls(
      MethodHandle socket,
      MethodHandle setsockopt,
      MethodHandle send,
      MethodHandle recv,
      MethodHandle close) {
    private static @Nullable Calls find() {
      if (ValueLayout.ADDRESS.byteSize() != 8) {
        return null;
      }
      var i = ValueLayout.JAVA_INT;
      var p = ValueLayout.ADDRESS;
      var l = ValueLayout.JAVA_LONG;
      try {
        return new Calls(
            call("socket", FunctionDescriptor.of(i, i, i, i)),
            call("setsockopt", FunctionDescriptor.of(i, i, i, i, p, i)),
            call("send", FunctionDescriptor.of(l, i, p, l, i)),
            call("recv", FunctionDescriptor.of(l, i, p, l, i)),
            call("close", FunctionDescriptor.of(i, i)));
      } catch (RuntimeException | LinkageError _) {
        return null;
      }
    }

    private static MethodHandle call(String name, FunctionDescriptor signature) {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), signature);
    }
  }

  @Override
  public void dump(int protocol, int type, byte[] body, Reader reader) throws IOException {
    Calls calls = CALLS;
    if (calls == null) {
      throw new NoData("no netlink sockets on this platform");
    }
    try (Arena arena = Arena.ofConfined()) {
      int socket = (int) calls.socket.invokeExact(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol);
      if (socket < 0) {
        throw new IOException("netlink: no socket of protocol " + protocol);
      }
      try {
        ask(calls, arena, socket, NetlinkMessages.dumpRequest(type, 1, body), reader);
      } finally {
        int unused = (int) calls.close.invokeExact(socket);
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException("netlink: " + e, e);
    }
  }

  private void ask(Calls calls, Arena arena, int socket, byte[] request, Reader reader)
      throws Throwable {
    MemorySegment timeout = arena.allocate(TIMEVAL_BYTES, 8);
    timeout.set(ValueLayout.JAVA_LONG, 0, 1); // one second for each datagram
    int set =
        (int) calls.setsockopt.invokeExact(socket, SOL_SOCKET, SO_RCVTIMEO, timeout, TIMEVAL_BYTES);
    MemorySegment out = arena.allocate(request.length, 4);
    MemorySegment.copy(request, 0, out, ValueLayout.JAVA_BYTE, 0, request.length);
    long sent = (long) calls.send.invokeExact(socket, out, (long) request.length, 0);
    if (set < 0 || sent != request.length) {
      throw new IOException("netlink: the request cannot be sent");
    }
    MemorySegment in = datagram;
    long begin = System.nanoTime();
    boolean more = true;
    while (more) {
      long n = (long) calls.recv.invokeExact(socket, in, (long) DATAGRAM_BYTES, 0);
      if (n <= 0 || System.nanoTime() - begin > LIMIT_NANOS) {
        throw new IOException("netlink: no end of the answer in time");
      }
      more = NetlinkMessages.read(in.asSlice(0, n).asByteBuffer(), reader);
    }
  }
}
