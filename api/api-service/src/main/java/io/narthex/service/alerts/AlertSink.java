package io.narthex.service.alerts;

import io.narthex.model.Alert;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Takes alerts, as {@code POST /api/v2/alerts} does. Thread-safe. */
@ProviderType
public interface AlertSink {
  /**
   * Takes alerts; new ones start, known ones are renewed or resolved.
   *
   * @throws IllegalArgumentException when some alert is invalid; the valid ones have been taken
   */
  void receive(List<Alert> alerts);
}
