package io.narthex.storage.tsdb.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;

/** What is done to files and folders as a whole. */
public final class Directories {
  /** Ends the name of a file or folder that is not finished, or half deleted. */
  public static final String TEMPORARY = ".tmp";

  private static final int COPY_BYTES = 1 << 20;

  private Directories() {}

  /** Returns the size of all files below a folder. */
  public static long bytesIn(Disk disk, Path folder) throws IOException {
    long sum = 0;
    for (Path p : disk.list(folder)) {
      sum += disk.isDirectory(p) ? bytesIn(disk, p) : disk.size(p);
    }
    return sum;
  }

  /** Creates a folder so that it survives a power cut. */
  public static void create(Disk disk, Path folder) throws IOException {
    Deque<Path> missing = new ArrayDeque<>();
    for (Path p = folder.toAbsolutePath(); p != null && !disk.exists(p); p = p.getParent()) {
      missing.push(p);
    }
    disk.createDirectories(folder);
    for (Path p : missing) {
      Path parent = p.getParent();
      if (parent != null) {
        disk.forceDirectory(parent);
      }
    }
  }

  /**
   * Writes a file so that a crash leaves the whole of it or what was there before.
   *
   * @param file in a folder that exists
   */
  public static void write(Disk disk, Path file, byte[] bytes, int length) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + TEMPORARY);
    boolean written = false;
    try {
      try (DiskFile out = disk.create(temporary)) {
        out.write(bytes, 0, length);
        out.force();
      }
      disk.rename(temporary, file);
      written = true;
    } finally {
      if (!written) {
        disk.delete(temporary);
      }
    }
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      disk.forceDirectory(folder);
    }
  }

  /** Copies a file; a copy that cannot be finished is deleted. */
  public static void copy(Disk disk, Path from, Path to) throws IOException {
    byte[] some = new byte[COPY_BYTES];
    boolean copied = false;
    try (Arena arena = Arena.ofConfined();
        DiskFile out = disk.create(to)) {
      MemorySegment in = disk.map(from, arena);
      for (long at = 0; at < in.byteSize(); at += some.length) {
        int n = (int) Math.min(some.length, in.byteSize() - at);
        MemorySegment.copy(in, ValueLayout.JAVA_BYTE, at, some, 0, n);
        out.write(some, 0, n);
      }
      out.force();
      copied = true;
    } catch (InternalError e) { // an I/O error on a mapped page
      throw new IOException(from + ": cannot be read: " + e.getMessage(), e);
    } finally {
      if (!copied) {
        disk.delete(to);
      }
    }
  }

  /**
   * Deletes a folder so that a crash leaves it whole or under a temporary name, never half deleted
   * under its own.
   */
  public static void remove(Disk disk, Path folder) throws IOException {
    Path temporary = folder.resolveSibling(folder.getFileName() + TEMPORARY);
    disk.rename(folder, temporary);
    Path parent = folder.toAbsolutePath().getParent();
    if (parent != null) {
      disk.forceDirectory(parent);
    }
    deleteTree(disk, temporary);
  }

  /** Deletes a folder, if it is there, with everything in it. Links are deleted, not followed. */
  public static void deleteTree(Disk disk, Path folder) throws IOException {
    try {
      disk.delete(folder);
    } catch (DirectoryNotEmptyException e) {
      for (Path p : disk.list(folder).stream().sorted(Comparator.reverseOrder()).toList()) {
        deleteTree(disk, p);
      }
      disk.delete(folder);
    }
  }
}
