package io.narthex.storage.tsdb;

import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.storage.SampleBatch;
import io.narthex.spi.storage.StorageException;
import io.narthex.storage.tsdb.io.ByteSink;
import io.narthex.storage.tsdb.io.ByteSource;
import io.narthex.storage.tsdb.io.Directories;
import io.narthex.storage.tsdb.io.Disk;
import io.narthex.storage.tsdb.metrics.Counters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The newest metadata of each metric family. It is in memory and in a file of its own, which is
 * replaced when something has changed. Bounded in bytes; the family that was written longest ago
 * goes first. Thread-safe.
 *
 * <pre>
 * "NXMETA" 00 01  u32 CRC32C of the rest  varint families, each: name, type, help, unit as texts
 * </pre>
 */
final class FamilyMetadata {
  private static final Logger log = LoggerFactory.getLogger(FamilyMetadata.class);
  static final String FILE = "metadata";
  private static final byte[] MAGIC = "NXMETA\0\1".getBytes(StandardCharsets.US_ASCII);
  private static final int CRC_BYTES = 4;

  /** Longest texts of a family, in characters; longer ones are left out. */
  private static final int MAX_TEXT = 16 << 10;

  private static final long MAX_BYTES = Math.min(16 << 20, Runtime.getRuntime().maxMemory() / 64);

  /** Bytes of an entry next to its characters. */
  private static final int ENTRY_BYTES = 160;

  /** A character has three bytes in the file at most, and an entry no more than in memory. */
  private static final int MAX_FILE = 64 << 20;

  private final Disk disk;
  private final Path file;
  private final Counters counters;
  private final long maxBytes;

  // guarded by families
  private final Map<String, MetricMetadata> families = new LinkedHashMap<>();
  private long bytes;
  private boolean changed;

  /** Reads the file, if there is one; a damaged one is set aside. */
  FamilyMetadata(Disk disk, Path root, Counters counters) {
    this(disk, root, counters, MAX_BYTES);
  }

  FamilyMetadata(Disk disk, Path root, Counters counters, long maxBytes) {
    this.disk = disk;
    this.counters = counters;
    this.maxBytes = maxBytes;
    file = root.resolve(FILE);
    load();
  }

  private void load() {
    if (!disk.exists(file)) {
      return;
    }
    try {
      read(disk, file).forEach(this::put);
      synchronized (families) {
        changed = false;
      }
    } catch (StorageException.Corrupt e) {
      counters.add(Counters.damageOf("metadata"), 1);
      Path aside = file.resolveSibling(FILE + ".damaged");
      try {
        disk.rename(file, aside);
        log.error("{}; senders repeat it, set aside as {}", e.getMessage(), aside);
      } catch (IOException io) {
        log.error(
            "{}; senders repeat it, it cannot be set aside: {}", e.getMessage(), io.toString());
      }
    } catch (IOException e) {
      log.error("{}: cannot be read, senders repeat it: {}", file, e.toString());
    }
  }

  /**
   * Reads a file.
   *
   * @throws StorageException.Corrupt when it is damaged
   */
  static List<MetricMetadata> read(Disk disk, Path file) throws IOException {
    byte[] all = disk.read(file, MAX_FILE);
    int from = MAGIC.length + CRC_BYTES;
    if (all.length < from || Arrays.mismatch(all, 0, MAGIC.length, MAGIC, 0, MAGIC.length) >= 0) {
      throw new StorageException.Corrupt(file + " at byte 0: not a file of this format");
    }
    if ((int) ByteSink.INT.get(all, MAGIC.length) != crc(all, from, all.length)) {
      throw new StorageException.Corrupt(file + " at byte " + from + ": CRC32C is wrong");
    }
    Map<String, MetricType> types = new HashMap<>();
    for (MetricType type : MetricType.values()) {
      types.put(type.text(), type);
    }
    ByteSource in = new ByteSource(all, from, all.length);
    try {
      int n = in.count(in.remaining());
      List<MetricMetadata> found = new ArrayList<>(n);
      for (int i = 0; i < n; i++) {
        String name = in.text();
        MetricType type = types.getOrDefault(in.text(), MetricType.UNKNOWN);
        found.add(new MetricMetadata(name, type, in.text(), in.text()));
      }
      return found;
    } catch (ByteSource.Malformed e) {
      throw new StorageException.Corrupt(
          String.format(Locale.ROOT, "%s at byte %d: %s", file, in.position, e.getMessage()));
    }
  }

  private static int crc(byte[] data, int from, int to) {
    CRC32C crc = new CRC32C();
    crc.update(data, from, to - from);
    return (int) crc.getValue();
  }

  private static long bytesOf(MetricMetadata m) {
    return ENTRY_BYTES + 2L * (m.name().length() + m.help().length() + m.unit().length());
  }

  /** Takes the metadata of a batch. */
  void put(SampleBatch batch) {
    for (int i = 0; i < batch.metadataCount(); i++) {
      put(batch.metadata(i));
    }
  }

  private void put(MetricMetadata m) {
    if (m.name().length() + m.help().length() + m.unit().length() > MAX_TEXT) {
      return;
    }
    synchronized (families) {
      MetricMetadata before = families.remove(m.name());
      bytes += bytesOf(m) - (before == null ? 0 : bytesOf(before));
      families.put(m.name(), m);
      changed |= !m.equals(before);
      var oldest = families.values().iterator();
      while (bytes > maxBytes && oldest.hasNext()) {
        bytes -= bytesOf(oldest.next());
        oldest.remove();
      }
    }
  }

  /**
   * Returns families, those written longest ago first.
   *
   * @param name of the only one wanted; empty = all
   * @param limit most of them; 0 = no limit
   */
  List<MetricMetadata> list(String name, int limit) {
    synchronized (families) {
      if (!name.isEmpty()) {
        MetricMetadata one = families.get(name);
        return one == null ? List.of() : List.of(one);
      }
      return families.values().stream().limit(limit == 0 ? Long.MAX_VALUE : limit).toList();
    }
  }

  /** Writes the file if something has changed. For one thread at a time. */
  void save() {
    List<MetricMetadata> all;
    synchronized (families) {
      if (!changed) {
        return;
      }
      all = List.copyOf(families.values());
      changed = false;
    }
    ByteSink out = new ByteSink(4096);
    out.bytes(MAGIC, 0, MAGIC.length);
    out.u32(0);
    out.varint(all.size());
    for (MetricMetadata m : all) {
      out.text(m.name());
      out.text(m.type().text());
      out.text(m.help());
      out.text(m.unit());
    }
    int from = MAGIC.length + CRC_BYTES;
    ByteSink.INT.set(out.data, MAGIC.length, crc(out.data, from, out.size));
    boolean written = false;
    try {
      disk.require(file.resolveSibling("blocks"), out.size, "the metadata of families");
      Directories.write(disk, file, out.data, out.size);
      written = true;
    } catch (IOException e) {
      throw new StorageException.Failed(file + ": cannot be written: " + e, e);
    } finally {
      if (!written) {
        synchronized (families) {
          changed = true; // the next try writes it
        }
      }
    }
  }
}
