package io.narthex.storage.tsdb.recovery;

import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.DiskFile;
import io.narthex.storage.tsdb.wal.Wal;
import io.narthex.storage.tsdb.wal.WalReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** A checkpoint of format 1: records framed as in its WAL. */
final class LogCheckpointFile implements CheckpointFile {
  private static final int MANY_BYTES = 1 << 20;

  private final DiskFile file;
  private final ByteSink buffer = new ByteSink(MANY_BYTES + (64 << 10));
  private final CRC32C crc = new CRC32C();
  private final Disk disk;
  private final Path path;
  private int start;

  LogCheckpointFile(Disk disk, Path path) throws IOException {
    this.disk = disk;
    this.path = path;
    file = disk.create(path);
    buffer.bytes(Wal.MAGIC, 0, Wal.MAGIC.length);
  }

  @Override
  public ByteSink begin(int type) {
    start = buffer.size;
    buffer.u64(0);
    buffer.u8(type);
    return buffer;
  }

  @Override
  public void end() {
    Wal.frame(buffer, start, crc);
  }

  @Override
  public void writeIfMany() throws IOException {
    if (buffer.size >= MANY_BYTES) {
      write();
    }
  }

  private void write() throws IOException {
    file.write(buffer.data, 0, buffer.size);
    buffer.clear();
  }

  @Override
  public long finish() throws IOException {
    write();
    file.force();
    return file.length();
  }

  @Override
  public void readBack(Reader records) throws IOException {
    WalReader.End end = WalReader.read(disk, path, records::record);
    long size = disk.size(path);
    if (end.problem() != null || end.offset() != size) {
      throw new IOException(
          "reads back damaged at byte " + end.offset() + " of " + size + ": " + end.problem());
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
