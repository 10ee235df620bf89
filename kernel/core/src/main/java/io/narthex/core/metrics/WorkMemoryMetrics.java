package io.narthex.core.metrics;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.metrics.MetricCollector;
import io.narthex.spi.exporter.MetricSink;
import java.util.Locale;

/** Reports the memory held for work on data from outside, and its limit, by use. */
public final class WorkMemoryMetrics implements MetricCollector {
  private final WorkMemory memory;

  /** Creates a collector. */
  public WorkMemoryMetrics(WorkMemory memory) {
    this.memory = memory;
  }

  @Override
  public void collect(MetricSink sink) {
    family(sink, "narthex_work_memory_bytes", "Memory held for work on data from outside, by use.");
    for (WorkMemory.Use use : WorkMemory.Use.values()) {
      sink.sample("narthex_work_memory_bytes", labels(use), memory.held(use));
    }
    family(
        sink,
        "narthex_work_memory_limit_bytes",
        "Memory that each use may hold at most; all together hold less than the sum.");
    for (WorkMemory.Use use : WorkMemory.Use.values()) {
      sink.sample("narthex_work_memory_limit_bytes", labels(use), memory.most(use));
    }
    family(
        sink,
        "narthex_heap_live_bytes",
        "What stays in a small heap after a collection; near 60 percent of the heap new series are refused. 0 while little of the heap is used.");
    sink.sample("narthex_heap_live_bytes", Labels.EMPTY, memory.live());
  }

  private static void family(MetricSink sink, String name, String help) {
    sink.family(new MetricMetadata(name, MetricType.GAUGE, help, "bytes"));
  }

  private static Labels labels(WorkMemory.Use use) {
    return Labels.of("use", use.name().toLowerCase(Locale.ROOT));
  }
}
