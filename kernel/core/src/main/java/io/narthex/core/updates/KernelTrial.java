package io.narthex.core.updates;

import io.narthex.core.plugin.state.StoredProperties;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every start is a trial of the updated bundles of the server. {@code kernel.trial} names those
 * that take part; the launcher writes it before the start and counts what a dead process left in it
 * as failures. {@code kernel.failed} names those that do not run again, with the reason. Used by
 * one thread at a time.
 */
final class KernelTrial {
  private static final Logger LOG = LoggerFactory.getLogger(KernelTrial.class);
  private static final String JAR = ".jar";
  private static final String REASON = ".reason";

  private final Path trial;
  private final Path failed;

  KernelTrial(Path folder) {
    trial = folder.resolve("kernel.trial");
    failed = folder.resolve("kernel.failed");
  }

  /** Returns why updates that are pinned did not run in this start, by id. */
  Map<String, String> failures(KernelPins pins) {
    Map<String, String> out = new TreeMap<>();
    StoredProperties properties = new StoredProperties(failed);
    for (String id : pins.ids()) {
      if (pins.jar(id).equals(properties.text(id + JAR))) {
        out.put(id, properties.text(id + REASON));
      }
    }
    return out;
  }

  /** Deletes the failures once they have been recorded and unpinned. */
  void forgetFailures() {
    delete(failed);
  }

  /** Excludes an update from the next start on. */
  void fail(String id, String jar, String reason) {
    StoredProperties properties = new StoredProperties(failed);
    properties.set(id + JAR, jar);
    properties.set(id + REASON, reason);
    properties.store();
  }

  /** Ends the trial: the server is ready. */
  void passed() {
    delete(trial);
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      LOG.error("{} cannot be deleted, so updates are rolled back: {}", file, e.toString());
    }
  }
}
