package io.narthex.storage.tsdb.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * The file system as the database uses it. All files of a database are read and written through one
 * of these, so that a test can fail or stop at any step, and forget what was not forced, as a power
 * cut does.
 *
 * <p>Implementations are thread-safe, and an interrupted thread neither breaks a file for others
 * nor loses its interrupt. Every method throws {@link IOException} with the path in its message.
 */
public interface Disk {
  /** Creates a file, or empties the one that is there, and opens it for writing. */
  DiskFile create(Path file) throws IOException;

  /** Opens an existing file for writing; its first write goes to its end. */
  DiskFile open(Path file) throws IOException;

  /** Maps a whole file for reading until the arena is closed. */
  MemorySegment map(Path file, Arena arena) throws IOException;

  /**
   * Reads a whole file.
   *
   * @throws IOException also when it has more than {@code maxBytes} bytes
   */
  byte[] read(Path file, int maxBytes) throws IOException;

  /** Renames a file or folder within a file system in one step; replaces a file that is there. */
  void rename(Path from, Path to) throws IOException;

  /** Gives a file a second name. */
  void link(Path file, Path second) throws IOException;

  /** Deletes a file or an empty folder; does nothing when there is none. */
  void delete(Path path) throws IOException;

  void createDirectories(Path folder) throws IOException;

  /** Forces the entries of a folder: after a file in it was created, renamed or deleted. */
  void forceDirectory(Path folder) throws IOException;

  /** Returns what is directly in a folder, in no order. */
  List<Path> list(Path folder) throws IOException;

  boolean exists(Path path);

  boolean isDirectory(Path path);

  long size(Path file) throws IOException;

  /** Returns the bytes that this process may still write to the file system of a folder. */
  long usableBytes(Path folder);
}
