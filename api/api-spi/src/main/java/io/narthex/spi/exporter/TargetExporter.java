package io.narthex.spi.exporter;

import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * An exporter that collects from several targets, one for each call. Calls for different targets
 * may overlap, so that one that does not answer delays no other; calls for the same target do not.
 *
 * @since 1.1
 */
@ConsumerType
public interface TargetExporter extends Exporter {
  /**
   * Returns what a call of {@link #collect} with these parameters collects from. Thread-safe and
   * fast; connects to nothing.
   *
   * @return a name that is the same for the same target, at most 1,000 characters; empty for the
   *     one that needs no parameters
   * @throws IllegalArgumentException when there is no such target or the settings do not allow it,
   *     with a message for whoever has sent the parameters
   */
  String target(Map<String, List<String>> parameters);
}
