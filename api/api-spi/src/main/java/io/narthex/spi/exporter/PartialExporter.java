package io.narthex.spi.exporter;

import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * An exporter some of whose settings may be wrong without costing the others: it is opened without
 * those parts. At the start the host takes it as it is and shows what is missing; a reload that
 * brings further problems is refused. It is opened again by the next reload.
 *
 * @since 1.2
 */
@ConsumerType
public interface PartialExporter extends Exporter {
  /**
   * Returns what could not be used, the same for the life of the exporter. Fast; called after it
   * was opened.
   *
   * @return messages for users by a name of the part that stays the same while its settings change;
   *     empty: all works
   */
  Map<String, String> problems();
}
