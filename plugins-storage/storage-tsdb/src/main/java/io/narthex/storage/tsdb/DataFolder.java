package io.narthex.storage.tsdb;

import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.block.Block;
import io.narthex.storage.tsdb.block.Ulid;
import io.narthex.storage.tsdb.frames.Frame;
import io.narthex.storage.tsdb.frames.FrameReader;
import io.narthex.storage.tsdb.head.HeadChunks;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.io.FolderLock;
import io.narthex.storage.tsdb.wal.FramedWal;
import io.narthex.storage.tsdb.wal.Wal;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of the database: checks its format and keeps other processes out.
 *
 * <pre>
 * tsdb.version   "narthex tsdb 1", 2 or 3    lock    held while open; left behind by a crash
 * log/           segments and checkpoints of format 1; in a folder that has been changed to format 2
 *                what came before, until the next checkpoint
 * wal/, head/    segments and checkpoints of format 2 and 3; what was damaged in them is in quarantine/
 * blocks/        one folder per block
 * metadata       of metric families
 * </pre>
 */
final class DataFolder implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DataFolder.class);
  static final String VERSION_FILE = "tsdb.version";
  private static final int LONGEST_VERSION = 64 << 10; // bytes
  private static final String VERSION_1 = "narthex tsdb 1\n";
  private static final String VERSION_2 = "narthex tsdb 2\n";
  private static final String VERSION_3 = "narthex tsdb 3\n";
  private static final List<String> VERSIONS =
      List.of(VERSION_1.strip(), VERSION_2.strip(), VERSION_3.strip());
  private static final Pattern OF_SOME_VERSION = Pattern.compile("narthex tsdb [0-9]+\n?", 0);
  private static final String LOCK_FILE = "lock";
  private static final int ULID_LENGTH = 26;

  private final Path root;
  private final FolderLock lock;
  private volatile boolean framed;
  private volatile boolean packed;

  private DataFolder(Path root, FolderLock lock, boolean framed, boolean packed) {
    this.root = root;
    this.lock = lock;
    this.framed = framed;
    this.packed = packed;
  }

  /**
   * Opens the folder for this process alone.
   *
   * @param locked whether others are kept out
   * @throws StorageException.Unusable when it belongs to something else or is in use
   */
  static DataFolder open(Disk disk, Path root, boolean locked) {
    FolderLock lock = null;
    boolean opened = false;
    try {
      refuseForeign(disk, root);
      Directories.create(disk, root);
      lock = FolderLock.take(root.resolve(LOCK_FILE), locked);
      if (lock == null) {
        throw new StorageException.Unusable(
            root + ": another server uses this folder; stop it or give this one another folder");
      }
      String version = versionOf(disk, root);
      DataFolder folder =
          new DataFolder(root, lock, !version.equals(VERSION_1), version.equals(VERSION_3));
      String found = version(disk, root);
      if (!found.equals(version)) { // before all else: a folder "wal" alone is Prometheus'
        if (!found.isEmpty()) {
          log.error(
              "{}: is damaged, got \"{}\"; the files next to it are of this version, written again",
              root.resolve(VERSION_FILE),
              found.strip());
        }
        writeVersion(disk, root, version);
      }
      Directories.create(disk, folder.wal());
      Directories.create(disk, folder.head());
      Directories.create(disk, folder.blocks());
      opened = true;
      return folder;
    } catch (IOException e) {
      StorageException.Unusable unusable =
          new StorageException.Unusable(root + ": cannot be used: " + e);
      unusable.initCause(e);
      throw unusable;
    } finally {
      if (!opened && lock != null) {
        release(root, lock, false);
      }
    }
  }

  /**
   * Looks, without a lock and without writing, whether the folder could be opened. Its owner may be
   * at work. Damaged files do not count: a start sets them aside, or skips what is damaged in them.
   * But when none of several blocks can be read, that is more likely to be this version's fault.
   *
   * @throws StorageException when it could not, or when a start would set all blocks aside
   */
  static void check(Disk disk, Path root) {
    try {
      refuseForeign(disk, root);
      Path blocks = root.resolve("blocks");
      if (disk.isDirectory(blocks)) {
        checkAnyIsRead(disk, disk.list(blocks));
      }
    } catch (IOException e) {
      throw new StorageException.Failed(root + ": cannot be read: " + e, e);
    }
  }

  private static void checkAnyIsRead(Disk disk, List<Path> blocks) {
    int unreadable = 0;
    StorageException last = null;
    for (Path folder : blocks) {
      if (!Ulid.isUlid(folder.getFileName().toString())) {
        continue;
      }
      try {
        new Block(disk, folder).release();
        return;
      } catch (StorageException e) {
        if (disk.exists(folder.resolve("index"))) { // else its owner has deleted it
          unreadable++;
          last = e;
        }
      }
    }
    if (last != null && unreadable > 1) {
      throw last;
    }
  }

  /**
   * Checks that a folder holds a database of this format.
   *
   * @throws StorageException.Unusable when it does not
   */
  static void checkVersion(Disk disk, Path root) {
    try {
      refuseForeign(disk, root);
      if (version(disk, root).isEmpty()) {
        throw new StorageException.Unusable(
            root + ": holds no database of this storage (no " + VERSION_FILE + ")");
      }
    } catch (IOException e) {
      throw new StorageException.Failed(root + ": cannot be read: " + e, e);
    }
  }

  /**
   * Returns what the version file says, empty when there is none. A power cut can leave a file
   * whose bytes were never forced, empty or of zeros; older versions wrote it so.
   */
  private static String version(Disk disk, Path root) throws IOException {
    Path version = root.resolve(VERSION_FILE);
    if (!disk.exists(version)) {
      return "";
    }
    long size = disk.size(version);
    if (size > LONGEST_VERSION) {
      return size + " bytes"; // no version of this storage
    }
    return new String(disk.read(version, LONGEST_VERSION), StandardCharsets.ISO_8859_1)
        .replace("\0", "");
  }

  private static void writeVersion(Disk disk, Path root, String version) throws IOException {
    byte[] bytes = version.getBytes(StandardCharsets.US_ASCII);
    Directories.write(disk, root.resolve(VERSION_FILE), bytes, bytes.length);
  }

  /**
   * Returns the version that a folder has: new ones have 3, and one whose version is lost may have
   * it.
   */
  private static String versionOf(Disk disk, Path root) throws IOException {
    if (!isFramed(disk, root)) {
      return VERSION_1;
    }
    return version(disk, root).strip().equals(VERSION_2.strip()) ? VERSION_2 : VERSION_3;
  }

  /** Returns whether a folder has format 2 or 3. */
  private static boolean isFramed(Disk disk, Path root) throws IOException {
    String found = version(disk, root).strip();
    if (found.equals(VERSION_1.strip())) {
      // one bit of a 3 makes it a 1; a change from 1 that was interrupted has its log
      return hasFrames(disk, root) && !beginsWithLog(disk, root);
    }
    return VERSIONS.contains(found) || hasFrames(disk, root) || !hasLogFiles(disk, root);
  }

  /** Returns whether there is what looks like a segment or a checkpoint of format 1. */
  private static boolean hasLogFiles(Disk disk, Path root) {
    Path log = root.resolve("log");
    return disk.isDirectory(log)
        && !(Wal.numbers(disk, log, Wal.SEGMENT_SUFFIX).isEmpty()
            && Wal.numbers(disk, log, Wal.CHECKPOINT_SUFFIX).isEmpty());
  }

  /**
   * Returns whether a database of format 2 begins with what is in its log: it has been changed to
   * this format, and there has been no checkpoint since. With one, the log may be half deleted.
   */
  static boolean beginsWithLog(Disk disk, Path root) {
    Path checkpoints = root.resolve("head");
    return hasLogFiles(disk, root)
        && !(disk.isDirectory(checkpoints)
            && !FramedWal.numbers(disk, checkpoints, Frame.Kind.CHECKPOINT).isEmpty());
  }

  /** Returns where files of format 1 are, in a folder of format 2 what came before that. */
  static Path logOf(Path root) {
    return root.resolve("log");
  }

  /** Returns where the segments of a database are. */
  static Path walOf(Disk disk, Path root) throws IOException {
    return root.resolve(isFramed(disk, root) ? "wal" : "log");
  }

  /** Returns where the checkpoints of a database are. */
  static Path checkpointsOf(Disk disk, Path root) throws IOException {
    return root.resolve(isFramed(disk, root) ? "head" : "log");
  }

  /** Makes another folder one of the same format. */
  static void copyVersion(Disk disk, Path root, Path to) throws IOException {
    writeVersion(disk, to, versionOf(disk, root));
  }

  /**
   * Returns whether a version file that no version of this storage has written lies next to files
   * of this one: then it is damaged, and everything else can be used.
   */
  private static boolean isDamaged(Disk disk, Path root, String found) throws IOException {
    if (OF_SOME_VERSION.matcher(found).matches()) {
      return VERSIONS.contains(found.strip());
    }
    return hasFrames(disk, root) || hasLog(disk, root);
  }

  /** Returns whether there is a segment or a checkpoint of format 2. */
  private static boolean hasFrames(Disk disk, Path root) throws IOException {
    for (Frame.Kind kind : Frame.Kind.values()) {
      Path folder = root.resolve(kind == Frame.Kind.WAL ? "wal" : "head");
      if (disk.isDirectory(folder)) {
        for (int number : FramedWal.numbers(disk, folder, kind)) {
          if (FrameReader.isOfKind(disk, folder.resolve(kind.fileName(number)), kind, number)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /** Returns whether there is a segment or a checkpoint of format 1. */
  private static boolean hasLog(Disk disk, Path root) throws IOException {
    Path wal = root.resolve("log");
    for (String suffix : List.of(Wal.SEGMENT_SUFFIX, Wal.CHECKPOINT_SUFFIX)) {
      if (disk.isDirectory(wal)) {
        for (int number : Wal.numbers(disk, wal, suffix)) {
          if (startsWith(disk, wal.resolve(Wal.name(number, suffix)), Wal.MAGIC)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private static boolean startsWith(Disk disk, Path file, byte[] magic) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = disk.map(file, arena);
      return bytes.byteSize() >= magic.length
          && bytes.asSlice(0, magic.length).mismatch(MemorySegment.ofArray(magic)) < 0;
    }
  }

  private static void refuseForeign(Disk disk, Path root) throws IOException {
    String found = version(disk, root);
    if (!found.isEmpty()) {
      if (!isDamaged(disk, root, found)) {
        throw new StorageException.Unusable(
            root.resolve(VERSION_FILE)
                + ": format is \""
                + found.strip()
                + "\", this version reads \""
                + String.join("\", \"", VERSIONS)
                + "\"; use the version that wrote it");
      }
      return;
    }
    if (!disk.isDirectory(root)) {
      return;
    }
    for (Path p : disk.list(root)) {
      String name = p.getFileName().toString();
      boolean block = name.length() == ULID_LENGTH && disk.exists(p.resolve("index"));
      if (block
          || name.equals("chunks_head")
          || (name.equals("wal") && !isOurWal(disk, p))
          || name.equals("wbl")
          || name.startsWith("chunk_snapshot.")) {
        throw new StorageException.Unusable(
            root
                + ": holds data that Prometheus wrote, got \""
                + name
                + "\"; give this server another folder (nothing has been changed)");
      }
    }
  }

  /**
   * Returns whether all files of a folder are segments of ours: the version file may be missing.
   */
  private static boolean isOurWal(Disk disk, Path folder) throws IOException {
    return !FramedWal.numbers(disk, folder, Frame.Kind.WAL).isEmpty()
        && disk.list(folder).stream().allMatch(FramedWal::isSegment);
  }

  boolean isFramed() {
    return framed;
  }

  /** Returns whether it has format 3, which versions before it cannot read. */
  boolean isPacked() {
    return packed;
  }

  /** The same for this folder, see {@link #beginsWithLog(Disk, Path)}. */
  boolean beginsWithLog(Disk disk) {
    return framed && beginsWithLog(disk, root);
  }

  /** Returns whether there are files of format 1 in this folder of format 2. */
  boolean hasLog(Disk disk) {
    return framed && hasLogFiles(disk, root);
  }

  Path log() {
    return logOf(root);
  }

  /** Makes folders for files of format 2 in one of format 1, where none of them counts. */
  void prepareFrames(Disk disk) throws IOException {
    Directories.create(disk, framedHead());
    if (!FramedWal.numbers(disk, framedHead(), Frame.Kind.CHECKPOINT).isEmpty()) {
      throw new IOException(framedHead() + ": has checkpoints of another database; move them away");
    }
    Directories.create(disk, framedWal());
    for (Path p : disk.list(framedWal())) {
      if (FramedWal.isSegment(p)) { // of an attempt that failed
        disk.delete(p);
      }
    }
    disk.forceDirectory(framedWal());
  }

  /** Makes this a folder of format 3. After a failure it may be one all the same. */
  void becomePacked(Disk disk) throws IOException {
    writeVersion(disk, root, VERSION_3);
    framed = true;
    packed = true;
  }

  /**
   * Deletes the files of format 1 once a checkpoint of format 2 has replaced them. What was kept of
   * damaged ones stays.
   */
  void removeLog(Disk disk) throws IOException {
    Path log = log();
    if (!framed || !disk.isDirectory(log)) {
      return;
    }
    boolean empty = true;
    for (Path p : disk.list(log)) {
      if (Wal.isFile(p) || p.toString().endsWith(HeadChunks.SPILL_SUFFIX)) {
        disk.delete(p);
      } else {
        empty = false;
      }
    }
    disk.forceDirectory(log);
    if (empty) {
      disk.delete(log);
      disk.forceDirectory(root);
    }
  }

  Path wal() {
    return framed ? framedWal() : log();
  }

  /** Returns where checkpoints and moved pages of the head are. */
  Path head() {
    return framed ? framedHead() : log();
  }

  /** Returns where segments are once this has format 2. */
  Path framedWal() {
    return root.resolve("wal");
  }

  /** Returns where checkpoints are once this has format 2. */
  Path framedHead() {
    return root.resolve("head");
  }

  Path quarantine() {
    return root.resolve("quarantine");
  }

  Path blocks() {
    return root.resolve("blocks");
  }

  /** Returns whether the last owner closed the folder. */
  boolean isCleanStart() {
    return lock.isClean();
  }

  /** Releases the lock as a crash would: the next start is not a clean one. */
  void abandon() {
    release(root, lock, false);
  }

  @Override
  public void close() {
    release(root, lock, true);
  }

  private static void release(Path root, FolderLock lock, boolean clean) {
    try {
      if (clean) {
        lock.close();
      } else {
        lock.abandon();
      }
    } catch (IOException e) {
      throw new StorageException.Failed(root + ": cannot release the folder: " + e, e);
    }
  }
}
