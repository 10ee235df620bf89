package io.narthex.storage.tsdb.wal;

import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * Body of a record of series, deflated: the series of a batch have names and values in common that
 * are not next to each other. Used by one thread at a time.
 *
 * <pre>
 * varint bytes of the record as SharedLabels has it | the record, deflated without header
 * </pre>
 */
public final class PackedNames {
  /** Below this it takes more time than it saves bytes. */
  private static final int LEAST = 256;

  /** Bytes of a record that is deflated, and of one that is read. */
  private static final int MOST = 1 << 20;

  /** Bytes that a byte can stand for. */
  private static final int MOST_OF_BYTE = 1032;

  private final ByteSource unpacked = new ByteSource();
  private byte[] buffer = new byte[0];

  /** Writes a record; returns false, and nothing, when it would not become smaller. */
  boolean write(ByteSink record, ByteSink out) {
    if (record.size < LEAST || record.size > MOST) {
      return false;
    }
    int start = out.size;
    out.varint(record.size);
    out.reserve(record.size);
    int n;
    boolean whole;
    Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
    try {
      deflater.setInput(record.data, 0, record.size);
      deflater.finish();
      n = deflater.deflate(out.data, out.size, record.size);
      whole = deflater.finished();
    } finally {
      deflater.end();
    }
    if (!whole || n >= record.size) {
      out.size = start;
      return false;
    }
    out.size += n;
    return true;
  }

  /** Returns the record, valid until the next call. */
  public ByteSource read(ByteSource in) {
    int size = in.count(MOST);
    if (size > (long) in.remaining() * MOST_OF_BYTE) {
      throw new ByteSource.Malformed(size + " bytes in " + in.remaining());
    }
    if (buffer.length <= size) {
      buffer = new byte[size + 1]; // one more tells whether that is the end
    }
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(in.data, in.position, in.remaining());
      int n = inflater.inflate(buffer, 0, size + 1);
      if (n != size || !inflater.finished() || inflater.getRemaining() > 0) {
        throw new ByteSource.Malformed("names are not " + size + " bytes, or not whole");
      }
    } catch (DataFormatException e) {
      throw new ByteSource.Malformed("names cannot be inflated: " + e.getMessage());
    } finally {
      inflater.end();
    }
    unpacked.reset(buffer, 0, size);
    return unpacked;
  }
}
