package io.narthex.storage.tsdb.recovery;

import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.io.Closeable;
import java.io.IOException;

/** The file that a checkpoint goes to: how its records are framed. */
interface CheckpointFile extends Closeable {
  /** Takes records that are read back. */
  interface Reader {
    void record(int type, ByteSource body);
  }

  /** Starts a record, whose body goes into the returned sink. */
  ByteSink begin(int type);

  /** Ends the record. */
  void end();

  /** Writes ended records if that are many. */
  void writeIfMany() throws IOException;

  /** Writes what is left and forces all to the disk; returns the size of the file. */
  long finish() throws IOException;

  /**
   * Reads a finished file back.
   *
   * @throws IOException when it is not whole, or cannot be read
   */
  void readBack(Reader records) throws IOException;
}
