package io.narthex.service.discovery;

import io.narthex.model.TargetGroup;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Told about the targets of every set; registered as a service. A set is all discoveries of one
 * scrape job ({@code scrape/<job>}) or of one Alertmanager block ({@code alertmanager/<index>}).
 */
@ConsumerType
public interface TargetGroupListener {
  /**
   * The targets of a set have changed. Called with every known set when the listener appears, later
   * at most every few seconds per set, never twice at a time.
   *
   * @param set name of the set
   * @param groups all groups of all its discoveries
   */
  void targetsChanged(String set, List<TargetGroup> groups);

  /** A set is no longer configured. */
  void setRemoved(String set);
}
