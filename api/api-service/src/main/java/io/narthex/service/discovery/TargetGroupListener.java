package io.narthex.service.discovery;

import io.narthex.model.TargetGroup;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Is notified of the targets of every set; registered as a service. A set is all discoveries of one
 * scrape job ({@code scrape/<job>}) or of one Alertmanager block ({@code alertmanager/<index>}).
 */
@ConsumerType
public interface TargetGroupListener {
  /**
   * Called when the targets of a set have changed: with every known set when the listener appears,
   * later at most every few seconds per set, never concurrently.
   *
   * @param set name of the set
   * @param groups all groups of all its discoveries
   */
  void targetsChanged(String set, List<TargetGroup> groups);

  /** Called when a set is no longer configured. */
  void setRemoved(String set);
}
