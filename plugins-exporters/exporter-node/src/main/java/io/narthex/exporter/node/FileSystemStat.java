package io.narthex.exporter.node;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Space on a file system, from {@code statvfs} of the C library, else from the JDK, which knows no
 * inodes.
 */
record FileSystemStat(double size, double free, double available, double files, double filesFree) {
  /** Tells how full a file system is. */
  @FunctionalInterface
  interface Source {
    /**
     * Returns the numbers of the file system that holds {@code path}. May block for ever.
     *
     * @throws IOException with the kernel's reason
     */
    FileSystemStat of(String path) throws IOException;
  }

  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final @Nullable MethodHandle STATVFS = statvfs();

  private static @Nullable MethodHandle statvfs() {
    try {
      Linker linker = Linker.nativeLinker();
      return linker
          .defaultLookup()
          .find("statvfs")
          .map(address ->
              linker.downcallHandle(
                  address,
                  FunctionDescriptor.of(
                      ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS),
                  Linker.Option.captureCallState("errno")))
          .orElse(null);
    } catch (RuntimeException | LinkageError _) {
      return null;
    }
  }

  /** Returns the numbers of the file system that holds {@code path}. */
  static FileSystemStat of(String path) throws IOException {
    if (STATVFS == null || ValueLayout.ADDRESS.byteSize() != 8) {
      FileStore store = Files.getFileStore(Path.of(path));
      return new FileSystemStat(
          store.getTotalSpace(), store.getUnallocatedSpace(), store.getUsableSpace(), 0, 0);
    }
    try (Arena arena = Arena.ofConfined()) {
      // struct statvfs of 64-bit glibc and musl begins with eight unsigned longs
      MemorySegment buffer = arena.allocate(256, 8);
      MemorySegment state = arena.allocate(STATE);
      int result = (int) STATVFS.invokeExact(state, arena.allocateFrom(path), buffer);
      if (result != 0) {
        throw new IOException(reason((int) ERRNO.get(state, 0L)));
      }
      double unit = at(buffer, 1);
      return new FileSystemStat(
          at(buffer, 2) * unit,
          at(buffer, 3) * unit,
          at(buffer, 4) * unit,
          at(buffer, 5),
          at(buffer, 6));
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException(e.toString(), e);
    }
  }

  /** Returns the text of an error number as Go has it, which node_exporter shows. */
  static String reason(int errno) {
    return switch (errno) {
      case 1 -> "operation not permitted";
      case 2 -> "no such file or directory";
      case 5 -> "input/output error";
      case 6 -> "no such device or address";
      case 13 -> "permission denied";
      case 19 -> "no such device";
      case 20 -> "not a directory";
      case 21 -> "is a directory";
      case 22 -> "invalid argument";
      case 40 -> "too many levels of symbolic links";
      case 107 -> "transport endpoint is not connected";
      case 110 -> "connection timed out";
      case 111 -> "connection refused";
      case 112 -> "host is down";
      case 113 -> "no route to host";
      case 116 -> "stale NFS file handle";
      default -> "errno " + errno;
    };
  }

  private static double at(MemorySegment buffer, int index) {
    return Host.toDouble(buffer.getAtIndex(ValueLayout.JAVA_LONG, index));
  }
}
