package io.narthex.storage.tsdb.io;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory that keeps apart what was forced. {@link #powerCut} throws away everything else,
 * or a random part of it:
 *
 * <ul>
 *   <li>of a file, each sector that was written since it was forced, and the change of its length;
 *   <li>of a folder, the last of the creations, renames and deletions since it was forced: they
 *       reach a disk in their order.
 * </ul>
 */
public final class ForgettingDisk implements Disk {
  private static final int SECTOR = 512;

  private interface Node {}

  private static final class FileNode implements Node {
    byte[] bytes = new byte[64];
    int size;
    byte[] forced = new byte[0];
  }

  /** A change of a folder: what is not there any more, and what is. */
  private record Change(@Nullable String gone, @Nullable String name, @Nullable Node node) {
    void apply(TreeMap<String, Node> entries) {
      if (gone != null) {
        entries.remove(gone);
      }
      if (name != null && node != null) {
        entries.put(name, node);
      }
    }
  }

  private static final class Folder implements Node {
    TreeMap<String, Node> entries = new TreeMap<>();
    TreeMap<String, Node> forced = new TreeMap<>();
    List<Change> unforced = new ArrayList<>();

    void change(Change change) {
      change.apply(entries);
      unforced.add(change);
    }
  }

  private final Path root;
  private final Folder top = new Folder();
  private int cuts;

  /**
   * Creates an empty disk.
   *
   * @param root the folder that it is
   */
  public ForgettingDisk(Path root) {
    this.root = root.toAbsolutePath();
  }

  /** Forgets what has not been forced; files that are open cannot be used any more. */
  public synchronized void powerCut(Random random) {
    cuts++;
    forget(top, random.nextInt(3) == 0 ? null : random, new HashSet<>());
  }

  private static void forget(Folder folder, @Nullable Random random, Set<FileNode> done) {
    int kept = random == null ? 0 : random.nextInt(folder.unforced.size() + 1);
    folder.unforced.subList(0, kept).forEach(c -> c.apply(folder.forced));
    folder.unforced.clear();
    folder.entries = new TreeMap<>(folder.forced);
    for (Node n : folder.entries.values()) {
      if (n instanceof Folder f) {
        forget(f, random, done);
      } else if (n instanceof FileNode f && done.add(f)) {
        forget(f, random);
      }
    }
  }

  private static void forget(FileNode file, @Nullable Random random) {
    byte[] before = file.forced;
    byte[] now = Arrays.copyOf(file.bytes, file.size);
    byte[] left = before;
    if (random != null && !Arrays.equals(before, now)) {
      int low = Math.min(before.length, now.length);
      int high = Math.max(before.length, now.length);
      int length =
          switch (random.nextInt(3)) {
            case 0 -> before.length;
            case 1 -> now.length;
            default -> low + random.nextInt(high - low + 1);
          };
      left = Arrays.copyOf(before, length);
      for (int at = 0; at < length; at += SECTOR) {
        int end = Math.min(length, at + SECTOR);
        if (random.nextBoolean() && at < now.length) {
          System.arraycopy(now, at, left, at, Math.min(end, now.length) - at);
        }
      }
    }
    file.bytes = Arrays.copyOf(left, Math.max(64, left.length));
    file.size = left.length;
    file.forced = left.clone();
  }

  private @Nullable Node find(Path path) {
    Node node = top;
    Path absolute = path.toAbsolutePath();
    if (!absolute.startsWith(root)) {
      return null;
    }
    if (absolute.equals(root)) {
      return top;
    }
    for (Path name : root.relativize(absolute)) {
      node = node instanceof Folder f ? f.entries.get(name.toString()) : null;
    }
    return node;
  }

  private Folder parent(Path path) throws IOException {
    Path above = path.toAbsolutePath().getParent();
    if (above != null && find(above) instanceof Folder f) {
      return f;
    }
    throw new NoSuchFileException(path.toString());
  }

  private FileNode file(Path path) throws IOException {
    if (find(path) instanceof FileNode f) {
      return f;
    }
    throw new FileNotFoundException(path.toString());
  }

  private static String name(Path path) {
    return path.getFileName().toString();
  }

  @Override
  public synchronized DiskFile create(Path path) throws IOException {
    Node there = find(path);
    if (there instanceof Folder) {
      throw new FileAlreadyExistsException(path.toString());
    }
    FileNode file = there instanceof FileNode f ? f : new FileNode();
    file.size = 0;
    if (there == null) {
      parent(path).change(new Change(null, name(path), file));
    }
    return new Opened(file);
  }

  @Override
  public synchronized DiskFile open(Path path) throws IOException {
    return new Opened(file(path));
  }

  @Override
  public synchronized MemorySegment map(Path path, Arena arena) throws IOException {
    return MemorySegment.ofArray(read(path, Integer.MAX_VALUE)).asReadOnly();
  }

  @Override
  public synchronized byte[] read(Path path, int maxBytes) throws IOException {
    FileNode f = file(path);
    if (f.size > maxBytes) {
      throw new IOException(path + ": has " + f.size + " bytes, at most " + maxBytes + " expected");
    }
    return Arrays.copyOf(f.bytes, f.size);
  }

  @Override
  public synchronized void rename(Path from, Path to) throws IOException {
    Node node = find(from);
    Folder folder = parent(from);
    if (node == null || folder != parent(to)) {
      throw new NoSuchFileException(from.toString());
    }
    Node there = find(to);
    if (there instanceof Folder f && !(node instanceof Folder && f.entries.isEmpty())) {
      throw new DirectoryNotEmptyException(to.toString());
    }
    folder.change(new Change(name(from), name(to), node));
  }

  @Override
  public synchronized void link(Path file, Path second) throws IOException {
    if (exists(second)) {
      throw new FileAlreadyExistsException(second.toString());
    }
    parent(second).change(new Change(null, name(second), file(file)));
  }

  @Override
  public synchronized void delete(Path path) throws IOException {
    Node node = find(path);
    if (node instanceof Folder f && !f.entries.isEmpty()) {
      throw new DirectoryNotEmptyException(path.toString());
    }
    if (node != null) {
      parent(path).change(new Change(name(path), null, null));
    }
  }

  @Override
  public synchronized void createDirectories(Path folder) throws IOException {
    Path absolute = folder.toAbsolutePath();
    Path at = root;
    if (absolute.equals(root)) {
      return;
    }
    for (Path name : root.relativize(absolute)) {
      at = at.resolve(name);
      Node there = find(at);
      if (there == null) {
        parent(at).change(new Change(null, name.toString(), new Folder()));
      } else if (!(there instanceof Folder)) {
        throw new FileAlreadyExistsException(at.toString());
      }
    }
  }

  @Override
  public synchronized void forceDirectory(Path folder) throws IOException {
    if (!(find(folder) instanceof Folder f)) {
      throw new NoSuchFileException(folder.toString());
    }
    f.forced = new TreeMap<>(f.entries);
    f.unforced.clear();
  }

  @Override
  public synchronized List<Path> list(Path folder) throws IOException {
    if (!(find(folder) instanceof Folder f)) {
      throw new NoSuchFileException(folder.toString());
    }
    return f.entries.keySet().stream().map(folder::resolve).toList();
  }

  @Override
  public synchronized boolean exists(Path path) {
    return find(path) != null;
  }

  @Override
  public synchronized boolean isDirectory(Path path) {
    return find(path) instanceof Folder;
  }

  @Override
  public synchronized long size(Path path) throws IOException {
    return file(path).size;
  }

  @Override
  public long usableBytes(Path folder) {
    return Long.MAX_VALUE;
  }

  private final class Opened implements DiskFile {
    private final FileNode file;
    private final int opened = cuts;
    private boolean closed;

    Opened(FileNode file) {
      this.file = file;
    }

    private void check() throws IOException {
      if (closed || opened != cuts) {
        throw new IOException("file is closed");
      }
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      synchronized (ForgettingDisk.this) {
        check();
        int end = file.size + length;
        if (file.bytes.length < end) {
          file.bytes = Arrays.copyOf(file.bytes, end * 2);
        }
        System.arraycopy(bytes, from, file.bytes, file.size, length);
        file.size = end;
      }
    }

    @Override
    public void setLength(long bytes) throws IOException {
      synchronized (ForgettingDisk.this) {
        check();
        int length = Math.toIntExact(bytes);
        if (file.bytes.length < length) {
          file.bytes = Arrays.copyOf(file.bytes, length);
        }
        if (length > file.size) {
          Arrays.fill(file.bytes, file.size, length, (byte) 0);
        }
        file.size = length;
      }
    }

    @Override
    public long length() throws IOException {
      synchronized (ForgettingDisk.this) {
        check();
        return file.size;
      }
    }

    @Override
    public void force() throws IOException {
      synchronized (ForgettingDisk.this) {
        check();
        file.forced = Arrays.copyOf(file.bytes, file.size);
      }
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
