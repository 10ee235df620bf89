package io.narthex.storage.tsdb.io;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/** The files of this machine. */
public final class LocalDisk implements Disk {
  public static final Disk INSTANCE = new LocalDisk();

  private LocalDisk() {}

  @Override
  public DiskFile create(Path file) throws IOException {
    LocalFile created = new LocalFile(file);
    try {
      created.setLength(0);
      return created;
    } catch (IOException e) {
      created.close();
      throw e;
    }
  }

  @Override
  public DiskFile open(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    return new LocalFile(file);
  }

  @Override
  public MemorySegment map(Path file, Arena arena) throws IOException {
    return uninterrupted(() -> {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      }
    });
  }

  @Override
  public byte[] read(Path file, int maxBytes) throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      long length = in.length();
      if (length > maxBytes) {
        throw new IOException(
            file + ": has " + length + " bytes, at most " + maxBytes + " expected");
      }
      byte[] bytes = new byte[(int) length];
      in.readFully(bytes);
      return bytes;
    }
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void link(Path file, Path second) throws IOException {
    Files.createLink(second, file);
  }

  @Override
  public void delete(Path path) throws IOException {
    Files.deleteIfExists(path);
  }

  @Override
  public void createDirectories(Path folder) throws IOException {
    Files.createDirectories(folder);
  }

  @Override
  public void forceDirectory(Path folder) throws IOException {
    uninterrupted(() -> {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
        return folder;
      }
    });
  }

  @Override
  public List<Path> list(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.toList();
    }
  }

  @Override
  public boolean exists(Path path) {
    return Files.exists(path);
  }

  @Override
  public boolean isDirectory(Path path) {
    return Files.isDirectory(path);
  }

  @Override
  public long size(Path file) throws IOException {
    return Files.size(file);
  }

  @Override
  public long usableBytes(Path folder) {
    try {
      return Files.getFileStore(folder).getUsableSpace();
    } catch (IOException e) {
      return Long.MAX_VALUE; // what cannot be asked must not stop the work
    }
  }

  private interface Step<T> {
    T run() throws IOException;
  }

  /** An interrupt closes NIO channels: clears the flag during the step and restores it. */
  private static <T> T uninterrupted(Step<T> step) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      return step.run();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Not a channel, which an interrupted thread would close for all others. */
  private static final class LocalFile implements DiskFile {
    private final RandomAccessFile file;

    LocalFile(Path path) throws IOException {
      file = new RandomAccessFile(path.toFile(), "rw");
      file.seek(file.length());
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      file.write(bytes, from, length);
    }

    @Override
    public void setLength(long bytes) throws IOException {
      file.setLength(bytes);
      file.seek(bytes);
    }

    @Override
    public long length() throws IOException {
      return file.length();
    }

    @Override
    public void force() throws IOException {
      file.getFD().sync();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
