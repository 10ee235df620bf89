package io.narthex.exporter.node;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads files of the kernel: small, many, and often not there or without an answer.
 *
 * <p>Calls {@code open}, {@code read} and {@code close} of the C library where that works. The
 * JDK's way costs a channel, a cleaner and, for a file without an answer, an exception with a
 * stack: a scrape left 2.0 MB of garbage that way and leaves 0.6 MB this way (486 samples, 2
 * processors).
 */
final class KernelFiles {
  /** The most that is read of a file. */
  static final int MAX_BYTES = 16 << 20;

  /** Most files fit; one of sysctl ends after its first read, so that has to be large. */
  private static final int PIECE_BYTES = 8192;

  private static final int PATH_BYTES = 4096; // as the kernel's

  private static final int O_RDONLY_CLOEXEC = 02000000;
  private static final int ENOENT = 2;
  private static final long AT_PAGESZ = 6;

  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final @Nullable Calls CALLS = Calls.find();

  /** The memory that the reads of a collection share. */
  private static final ScopedValue<Memory> MEMORY = ScopedValue.newInstance();

  /**
   * Memory for one read at a time: the number of an error, a path, what is read. Fresh memory for
   * each read, which has to be cleared, was a tenth of the time of a scrape.
   */
  static final class Memory {
    private final MemorySegment state;
    private final MemorySegment path;
    private final MemorySegment buffer;

    Memory() {
      Arena arena = Arena.ofAuto();
      state = arena.allocate(STATE);
      path = arena.allocate(PATH_BYTES, 1);
      buffer = arena.allocate(PIECE_BYTES, 8);
    }
  }

  /** Something that reads files. */
  @FunctionalInterface
  interface Reads {
    /** Does it. */
    void run() throws InterruptedException;
  }

  /** The functions of the C library. */
  private record Calls(MethodHandle open, MethodHandle read, MethodHandle close) {
    private static @Nullable Calls find() {
      String system = System.getProperty("os.name", "");
      if (ValueLayout.ADDRESS.byteSize() != 8 || !system.equals("Linux")) {
        return null;
      }
      var i = ValueLayout.JAVA_INT;
      var p = ValueLayout.ADDRESS;
      var l = ValueLayout.JAVA_LONG;
      try {
        return new Calls(
            call("open", FunctionDescriptor.of(i, p, i), Linker.Option.firstVariadicArg(2)),
            call("read", FunctionDescriptor.of(l, i, p, l)),
            call("close", FunctionDescriptor.of(i, i)));
      } catch (RuntimeException | LinkageError _) {
        return null;
      }
    }

    private static MethodHandle call(
        String name, FunctionDescriptor signature, Linker.Option... more) {
      Linker.Option[] options = Arrays.copyOf(more, more.length + 1);
      options[more.length] = Linker.Option.captureCallState("errno");
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), signature, options);
    }
  }

  private KernelFiles() {}

  /** Does something whose reads, all on this thread, share {@code memory}. */
  static void sharing(Memory memory, Reads reads) throws InterruptedException {
    boolean _ =
        ScopedValue.where(MEMORY, memory)
            .call(() -> {
              reads.run();
              return true;
            });
  }

  /**
   * Returns the content of a file.
   *
   * @throws NoSuchFileException when it does not exist
   * @throws IOException when it cannot be read, or has more than {@link #MAX_BYTES}
   */
  static byte[] read(Path file) throws IOException {
    if (CALLS == null) {
      return readByJdk(file);
    }
    int[] errno = new int[1];
    byte[] bytes = read(CALLS, file, errno);
    if (bytes != null) {
      return bytes;
    }
    if (errno[0] == ENOENT) {
      throw new NoSuchFileException(file.toString());
    }
    throw new IOException(file + ": " + FileSystemStat.reason(errno[0]));
  }

  /** Returns the content of a file; null when it cannot be read. */
  static byte @Nullable [] readOrNull(Path file) {
    try {
      return CALLS == null ? readByJdk(file) : read(CALLS, file, new int[1]);
    } catch (IOException _) {
      return null;
    }
  }

  /** Reads a file; null with the error's number when the kernel refuses. */
  private static byte @Nullable [] read(Calls calls, Path file, int[] errno) throws IOException {
    byte[] name = file.toString().getBytes(StandardCharsets.UTF_8);
    if (name.length >= PATH_BYTES) {
      throw new IOException(file + ": a path of more than " + PATH_BYTES + " bytes");
    }
    try {
      Memory memory = MEMORY.isBound() ? MEMORY.get() : new Memory();
      MemorySegment state = memory.state;
      MemorySegment path = memory.path;
      MemorySegment buffer = memory.buffer;
      MemorySegment.copy(name, 0, path, ValueLayout.JAVA_BYTE, 0, name.length);
      path.set(ValueLayout.JAVA_BYTE, name.length, (byte) 0);
      int descriptor = (int) calls.open.invokeExact(state, path, O_RDONLY_CLOEXEC);
      if (descriptor < 0) {
        errno[0] = (int) ERRNO.get(state, 0L);
        return null;
      }
      try {
        byte[] all = new byte[0];
        int size = 0;
        while (true) {
          long n = (long) calls.read.invokeExact(state, descriptor, buffer, (long) PIECE_BYTES);
          if (n < 0) {
            errno[0] = (int) ERRNO.get(state, 0L);
            return null;
          }
          if (n == 0) {
            return all.length == size ? all : Arrays.copyOf(all, size);
          }
          if (size + n > MAX_BYTES) {
            throw new IOException(file + ": more than " + MAX_BYTES + " bytes");
          }
          if (all.length < size + n) {
            // the first piece is mostly all there is
            all = Arrays.copyOf(all, size == 0 ? (int) n : Math.max(2 * size, size + (int) n));
          }
          MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, all, size, (int) n);
          size += (int) n;
        }
      } finally {
        int _ = (int) calls.close.invokeExact(state, descriptor);
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException(file + ": " + e, e);
    }
  }

  /** Returns the size of a page of memory: what the kernel has told this process; else 4096. */
  static long pageSize() {
    byte[] vector = readOrNull(Path.of("/proc/self/auxv"));
    if (vector != null && ValueLayout.ADDRESS.byteSize() == 8) {
      ByteBuffer pairs = ByteBuffer.wrap(vector).order(ByteOrder.nativeOrder());
      while (pairs.remaining() >= 16) {
        long type = pairs.getLong();
        long value = pairs.getLong();
        if (type == AT_PAGESZ) {
          return value;
        }
      }
    }
    return 4096;
  }

  private static byte[] readByJdk(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = new byte[PIECE_BYTES];
      int n = 0;
      for (int got = in.read(bytes); got > 0; got = in.read(bytes, n, bytes.length - n)) {
        n += got;
        if (n > MAX_BYTES) {
          throw new IOException(file + ": more than " + MAX_BYTES + " bytes");
        }
        if (n == bytes.length) {
          bytes = Arrays.copyOf(bytes, 2 * n);
        }
      }
      return Arrays.copyOf(bytes, n);
    }
  }
}
