package io.narthex.exporter.jvm;

import com.sun.management.GarbageCollectionNotificationInfo;
import com.sun.management.GcInfo;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.management.ListenerNotFoundException;
import javax.management.Notification;
import javax.management.NotificationEmitter;
import javax.management.NotificationListener;
import javax.management.openmbean.CompositeData;
import org.jspecify.annotations.Nullable;

/**
 * Sums the growth of each memory pool between collections. Listens to the collectors until closed,
 * so that an update leaves no listener of the plugin behind.
 */
final class AllocationMeter implements NotificationListener, AutoCloseable {
  private final List<NotificationEmitter> emitters = new ArrayList<>();
  private final Map<String, Long> lastUsed = new HashMap<>();
  private final Map<String, Long> allocated = new TreeMap<>();

  AllocationMeter() {}

  /** Starts to listen. */
  void start() {
    for (GarbageCollectorMXBean gc : ManagementFactory.getGarbageCollectorMXBeans()) {
      if (gc instanceof NotificationEmitter emitter) {
        emitter.addNotificationListener(this, null, null);
        emitters.add(emitter);
      }
    }
  }

  @Override
  public synchronized void handleNotification(
      Notification notification, @Nullable Object handback) {
    if (!notification
        .getType()
        .equals(GarbageCollectionNotificationInfo.GARBAGE_COLLECTION_NOTIFICATION)) {
      return;
    }
    GcInfo info =
        GarbageCollectionNotificationInfo.from((CompositeData) notification.getUserData())
            .getGcInfo();
    Map<String, MemoryUsage> before = info.getMemoryUsageBeforeGc();
    Map<String, MemoryUsage> after = info.getMemoryUsageAfterGc();
    before.forEach((pool, usage) -> {
      MemoryUsage then = after.get(pool);
      long last = lastUsed.getOrDefault(pool, 0L);
      long grown = Math.max(0, usage.getUsed() - last);
      long now = then == null ? usage.getUsed() : then.getUsed();
      grown += Math.max(0, now - usage.getUsed());
      lastUsed.put(pool, now);
      if (grown > 0) { // a pool that never grows has no series, as in the Java client
        allocated.merge(pool, grown, Long::sum);
      }
    });
  }

  /** Returns the bytes allocated, by pool. */
  synchronized Map<String, Long> allocated() {
    return new TreeMap<>(allocated);
  }

  @Override
  public void close() {
    for (NotificationEmitter emitter : emitters) {
      try {
        emitter.removeNotificationListener(this);
      } catch (ListenerNotFoundException _) {
        // already removed
      }
    }
    emitters.clear();
  }
}
