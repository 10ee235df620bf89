package io.narthex.spi.discovery;

import io.narthex.model.TargetGroup;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Where a discovery hands its target groups. Thread-safe; never blocks for long. */
@ProviderType
public interface TargetSink {
  /**
   * Replaces groups by source. The first call of a run has to hold all groups; later ones just
   * those that changed, a vanished group without targets.
   */
  void update(List<TargetGroup> groups);

  /** Reports that the last refresh failed; shown to users and counted. */
  void refreshFailed(String reason);
}
