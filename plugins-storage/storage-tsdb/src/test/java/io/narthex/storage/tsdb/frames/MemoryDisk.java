package io.narthex.storage.tsdb.frames;

import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.DiskFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Files in memory, for tests that read thousands of versions of one. Not thread-safe. */
public final class MemoryDisk implements Disk {
  private final Map<Path, byte[]> files = new TreeMap<>();
  private final List<MemoryFile> open = new ArrayList<>();

  /** Says which operations fail; a failing write leaves half of its bytes. */
  public Predicate<String> fails = _ -> false;

  public byte[] bytes(Path file) {
    byte[] bytes = files.get(file);
    if (bytes == null) {
      throw new IllegalArgumentException(file + " is not there");
    }
    return bytes;
  }

  public void put(Path file, byte[] bytes) {
    files.put(file, bytes);
  }

  private void step(String operation, Path path) throws IOException {
    if (fails.test(operation)) {
      throw new IOException(path + ": " + operation + " fails");
    }
  }

  private byte[] get(Path file) throws IOException {
    byte[] bytes = files.get(file);
    if (bytes == null) {
      throw new NoSuchFileException(file.toString());
    }
    return bytes;
  }

  @Override
  public DiskFile create(Path file) throws IOException {
    step("create", file);
    files.put(file, new byte[0]);
    return new MemoryFile(file);
  }

  @Override
  public DiskFile open(Path file) throws IOException {
    get(file);
    return new MemoryFile(file);
  }

  @Override
  public MemorySegment map(Path file, Arena arena) throws IOException {
    return MemorySegment.ofArray(get(file));
  }

  @Override
  public byte[] read(Path file, int maxBytes) throws IOException {
    return get(file).clone();
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    step("rename", from);
    files.put(to, get(from));
    files.remove(from);
    open.stream().filter(f -> f.path.equals(from)).forEach(f -> f.path = to);
  }

  @Override
  public void link(Path file, Path second) throws IOException {
    files.put(second, get(file));
  }

  @Override
  public void delete(Path path) {
    files.remove(path);
  }

  @Override
  public void createDirectories(Path folder) {
    // there are only files
  }

  @Override
  public void forceDirectory(Path folder) throws IOException {
    step("force", folder);
  }

  @Override
  public List<Path> list(Path folder) {
    return files.keySet().stream().filter(p -> folder.equals(p.getParent())).toList();
  }

  @Override
  public boolean exists(Path path) {
    return files.containsKey(path);
  }

  @Override
  public boolean isDirectory(Path path) {
    return false;
  }

  @Override
  public long size(Path file) throws IOException {
    return get(file).length;
  }

  @Override
  public long usableBytes(Path folder) {
    return Long.MAX_VALUE;
  }

  private final class MemoryFile implements DiskFile {
    private Path path;

    MemoryFile(Path path) {
      this.path = path;
      open.add(this);
    }

    @Override
    public void write(byte[] data, int from, int length) throws IOException {
      boolean fails = MemoryDisk.this.fails.test("write");
      int n = fails ? length / 2 : length;
      byte[] old = get(path);
      byte[] longer = Arrays.copyOf(old, old.length + n);
      System.arraycopy(data, from, longer, old.length, n);
      files.put(path, longer);
      if (fails) {
        throw new IOException(path + ": no space left");
      }
    }

    @Override
    public void setLength(long bytes) throws IOException {
      step("setLength", path);
      files.put(path, Arrays.copyOf(get(path), (int) bytes));
    }

    @Override
    public long length() throws IOException {
      return get(path).length;
    }

    @Override
    public void force() throws IOException {
      step("force", path);
    }

    @Override
    public void close() {
      open.remove(this);
    }
  }
}
