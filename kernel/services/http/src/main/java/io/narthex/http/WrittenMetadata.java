package io.narthex.http;

import io.narthex.model.MetricMetadata;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The metadata that senders of remote write give, the newest of each family, for storages that keep
 * none: senders repeat it, with each series or once a minute, so that nothing is lost by a restart
 * for longer than that. Bounded in bytes; the family that was written longest ago goes first.
 * Thread-safe.
 */
final class WrittenMetadata {
  private static final int MAX_TEXT = 16 << 10;

  /** Bytes of an entry next to its characters. */
  private static final int ENTRY_BYTES = 160;

  private final long maxBytes;
  private final Map<String, MetricMetadata> families = new LinkedHashMap<>(); // guarded by itself
  private long bytes; // guarded by families

  WrittenMetadata(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  private static long bytesOf(MetricMetadata m) {
    return ENTRY_BYTES + 2L * (m.name().length() + m.help().length() + m.unit().length());
  }

  /** Adds or replaces the metadata of a family; longer texts than any family has are left out. */
  void put(MetricMetadata m) {
    if (m.name().length() + m.help().length() + m.unit().length() > MAX_TEXT) {
      return;
    }
    synchronized (families) {
      MetricMetadata before = families.remove(m.name());
      bytes += bytesOf(m) - (before == null ? 0 : bytesOf(before));
      families.put(m.name(), m);
      var oldest = families.values().iterator();
      while (bytes > maxBytes && oldest.hasNext()) {
        bytes -= bytesOf(oldest.next());
        oldest.remove();
      }
    }
  }

  /** Returns all, those written longest ago first. */
  List<MetricMetadata> all() {
    synchronized (families) {
      return List.copyOf(families.values());
    }
  }
}
