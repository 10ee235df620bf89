package io.narthex.spi.discovery;

import io.narthex.model.TargetGroup;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Receives the target groups of a discovery. Thread-safe; never blocks for long. */
@ProviderType
public interface TargetSink {
  /**
   * Replaces groups by {@link TargetGroup#source()}. The first call of a run must contain all
   * groups; later ones only those that changed, a removed group without targets.
   */
  void update(List<TargetGroup> groups);

  /**
   * Reports that the last refresh failed; shown to users and counted. The groups stay as they are.
   */
  void refreshFailed(String reason);
}
