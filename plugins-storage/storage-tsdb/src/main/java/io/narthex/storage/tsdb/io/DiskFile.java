package io.narthex.storage.tsdb.io;

import java.io.Closeable;
import java.io.IOException;

/**
 * A file that is written from its end. Used by one thread at a time, but for {@link #force}, which
 * may run alongside {@link #write}.
 */
public interface DiskFile extends Closeable {
  /** Writes at the end; after an exception some of the bytes may be in the file. */
  void write(byte[] bytes, int from, int length) throws IOException;

  /** Cuts the file off, or extends it with zeros; the next write goes to the new end. */
  void setLength(long bytes) throws IOException;

  long length() throws IOException;

  /** Forces contents and length to the disk. After an exception what was written may be lost. */
  void force() throws IOException;
}
