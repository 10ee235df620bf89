package io.narthex.service.alerts;

import io.narthex.model.Alert;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Receives alerts, as {@code POST /api/v2/alerts} does. Thread-safe. */
@ProviderType
public interface AlertSink {
  /**
   * Adds new alerts, and renews or resolves known ones.
   *
   * @throws IllegalArgumentException when some alert is invalid; the valid ones have been added
   */
  void receive(List<Alert> alerts);
}
