package io.narthex.exporter.node;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Space on a file system, from {@code statvfs} of the C library, else from the JDK, which knows no
 * inodes.
 */
record FileSystemStat(double size, double free, double available, double files, double filesFree) {
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
                      ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS)))
          .orElse(null);
    } catch (RuntimeException | LinkageError _) {
      return null;
    }
  }

  /** Returns the numbers of the file system that holds {@code path}, or null on failure. */
  static @Nullable FileSystemStat of(String path) {
    if (STATVFS != null && ValueLayout.ADDRESS.byteSize() == 8) {
      try (Arena arena = Arena.ofConfined()) {
        // struct statvfs of 64-bit glibc and musl begins with eight unsigned longs
        MemorySegment buffer = arena.allocate(256, 8);
        int result = (int) STATVFS.invokeExact(arena.allocateFrom(path), buffer);
        if (result != 0) {
          return null;
        }
        double unit = at(buffer, 1);
        return new FileSystemStat(
            at(buffer, 2) * unit,
            at(buffer, 3) * unit,
            at(buffer, 4) * unit,
            at(buffer, 5),
            at(buffer, 6));
      } catch (Throwable t) {
        if (t instanceof Error e) {
          throw e;
        }
        return null;
      }
    }
    try {
      FileStore store = Files.getFileStore(Path.of(path));
      return new FileSystemStat(
          store.getTotalSpace(), store.getUnallocatedSpace(), store.getUsableSpace(), 0, 0);
    } catch (IOException _) {
      return null;
    }
  }

  private static double at(MemorySegment buffer, int index) {
    return Host.toDouble(buffer.getAtIndex(ValueLayout.JAVA_LONG, index));
  }
}
