package io.narthex.storage.tsdb.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * A disk that fails at chosen operations, or stops for good as it does for a process that is
 * killed. Counts all operations that may fail. A write that fails leaves half of its bytes. Forces
 * are counted but not passed to a {@link LocalDisk}: a kill keeps what the kernel has.
 */
public final class FailingDisk implements Disk {
  private final Disk inner;
  private final boolean forces;
  private long operations;
  private long first = Long.MAX_VALUE;
  private long last = Long.MAX_VALUE;
  private boolean stops;
  private volatile Predicate<String> failing = _ -> false;
  private volatile Predicate<String> corrupting = _ -> false;
  private volatile Consumer<String> observer = _ -> {};
  private volatile long free = Long.MAX_VALUE;
  private volatile ToLongFunction<Path> usable = _ -> Long.MAX_VALUE;
  private String firstFailed = "";

  public FailingDisk(Disk inner) {
    this.inner = inner;
    forces = inner != LocalDisk.INSTANCE;
  }

  /** Makes the operations with these numbers, from 1, fail. */
  public synchronized FailingDisk failAt(long from, long to) {
    first = from;
    last = to;
    return this;
  }

  /** Makes the operation with this number and all later ones fail. */
  public synchronized FailingDisk stopAt(long number) {
    first = number;
    last = Long.MAX_VALUE;
    stops = true;
    return this;
  }

  /** Makes operations fail, such as {@code force 00000001.log}. */
  public void failing(Predicate<String> operations) {
    failing = operations;
  }

  /** Makes writes, such as {@code write index}, change a bit of what they write. */
  public void corrupting(Predicate<String> operations) {
    corrupting = operations;
  }

  /** Has each operation reported before it is done. */
  public void observer(Consumer<String> before) {
    observer = before;
  }

  /** Sets how many bytes there are for writes; a write that needs more fails. */
  public void free(long bytes) {
    free = bytes;
  }

  /** Sets how many bytes the disk says there are; writes succeed all the same. */
  public FailingDisk usable(ToLongFunction<Path> bytes) {
    usable = bytes;
    return this;
  }

  public synchronized long operations() {
    return operations;
  }

  /** Returns whether it has stopped. */
  public synchronized boolean isStopped() {
    return stops && operations >= first;
  }

  /** Returns what the first operation that failed was, empty when none did. */
  public synchronized String firstFailed() {
    return firstFailed;
  }

  private boolean fails(String operation) {
    observer.accept(operation);
    return count(operation, failing.test(operation));
  }

  private synchronized boolean count(String operation, boolean fault) {
    operations++;
    boolean fails = fault || (operations >= first && operations <= last);
    if (fails && firstFailed.isEmpty()) {
      firstFailed = operation;
    }
    return fails;
  }

  private void step(String operation, Path path) throws IOException {
    if (fails(operation + " " + path.getFileName())) {
      throw new IOException("injected failure of " + operation + " " + path);
    }
  }

  @Override
  public DiskFile create(Path file) throws IOException {
    step("create", file);
    return new File(file, inner.create(file));
  }

  @Override
  public DiskFile open(Path file) throws IOException {
    step("open", file);
    return new File(file, inner.open(file));
  }

  @Override
  public MemorySegment map(Path file, Arena arena) throws IOException {
    step("map", file);
    return inner.map(file, arena);
  }

  @Override
  public byte[] read(Path file, int maxBytes) throws IOException {
    step("read", file);
    return inner.read(file, maxBytes);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    step("rename", from);
    inner.rename(from, to);
  }

  @Override
  public void link(Path file, Path second) throws IOException {
    step("link", file);
    inner.link(file, second);
  }

  @Override
  public void delete(Path path) throws IOException {
    step("delete", path);
    inner.delete(path);
  }

  @Override
  public void createDirectories(Path folder) throws IOException {
    step("createDirectories", folder);
    inner.createDirectories(folder);
  }

  @Override
  public void forceDirectory(Path folder) throws IOException {
    step("forceDirectory", folder);
    if (forces) {
      inner.forceDirectory(folder);
    }
  }

  @Override
  public List<Path> list(Path folder) throws IOException {
    step("list", folder);
    return inner.list(folder);
  }

  @Override
  public boolean exists(Path path) {
    return inner.exists(path);
  }

  @Override
  public boolean isDirectory(Path path) {
    return inner.isDirectory(path);
  }

  @Override
  public long size(Path file) throws IOException {
    step("size", file);
    return inner.size(file);
  }

  @Override
  public long usableBytes(Path folder) {
    return Math.min(free, usable.applyAsLong(folder));
  }

  private final class File implements DiskFile {
    private final Path path;
    private final DiskFile file;

    File(Path path, DiskFile file) {
      this.path = path;
      this.file = file;
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      long room = free;
      if (fails("write " + path.getFileName()) || length > room) {
        if (!isStopped() || operations() == first) {
          file.write(bytes, from, (int) Math.min(length / 2, room));
        }
        throw new IOException("injected failure of a write to " + path);
      }
      byte[] written = bytes;
      if (corrupting.test("write " + path.getFileName())) {
        written = bytes.clone();
        written[from + length / 2] ^= 1;
      }
      file.write(written, from, length);
      if (room != Long.MAX_VALUE) {
        free = room - length;
      }
    }

    @Override
    public void setLength(long bytes) throws IOException {
      step("setLength", path);
      file.setLength(bytes);
    }

    @Override
    public long length() throws IOException {
      step("length", path);
      return file.length();
    }

    @Override
    public void force() throws IOException {
      step("force", path);
      if (forces) {
        file.force();
      }
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
