package io.narthex.service.exporter;

import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** Runs the exporter plugins. Thread-safe. */
@ProviderType
public interface ExporterService {
  /** Returns the types that can be collected now, sorted. */
  List<String> types();

  /** Tells whether a type is known: running, or being replaced. */
  boolean has(String type);

  /**
   * Collects one exporter on the calling thread. A call that meets an update of the plugin waits,
   * bounded, for the new version.
   *
   * @throws IOException when there is no such exporter or it failed; the message is for users
   */
  void collect(String type, MetricSink sink, Map<String, List<String>> parameters)
      throws IOException, InterruptedException;
}
