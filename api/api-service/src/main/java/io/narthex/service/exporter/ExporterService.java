package io.narthex.service.exporter;

import io.narthex.spi.exporter.MetricSink;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** Runs the exporter plugins. Thread-safe. */
@ProviderType
public interface ExporterService {
  /** Returns the sorted types that can be collected now. */
  List<String> types();

  /** Returns whether a type is known: running, or being replaced. */
  boolean has(String type);

  /**
   * Collects one exporter on the calling thread. During an update of the plugin the call waits,
   * bounded, for the new version.
   *
   * @throws IOException when there is no such exporter or it failed; the message is for users
   * @throws io.narthex.spi.exporter.ParameterException when the exporter refuses the parameters
   */
  void collect(String type, MetricSink sink, Map<String, List<String>> parameters)
      throws IOException, InterruptedException;
}
