package io.narthex.spi.discovery;

import io.narthex.model.TargetGroup;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Finds the targets of one {@code *_sd_configs} block. Confined to the thread that calls {@link
 * #run}.
 */
@ConsumerType
public interface Discovery {
  /**
   * Passes all target groups to {@code sink} once, then each group that changes, until interrupted.
   * A failed refresh sends no groups: stale targets are better than half a list. Returning normally
   * means that nothing will change any more; after an exception the host calls again after a pause.
   */
  void run(TargetSink sink) throws InterruptedException;

  /**
   * Queries the source once and returns its groups, for the self-test of an update: called before
   * {@link #run}, on an instance that may never run, while the previous version runs. It has 10 s.
   * An update that fails here, or finds no target where the previous version has some, does not
   * take over.
   *
   * @return groups, possibly not all; empty when they cannot be determined without a run
   * @throws IOException when the source cannot be reached or its response is unusable
   * @since 1.1
   */
  default Optional<List<TargetGroup>> probe() throws IOException, InterruptedException {
    return Optional.empty();
  }
}
