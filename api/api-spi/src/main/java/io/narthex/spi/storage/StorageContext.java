package io.narthex.spi.storage;

import io.narthex.spi.plugin.PluginContext;
import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;

/** What the host provides to a storage. */
@ProviderType
public interface StorageContext extends PluginContext {
  /**
   * Returns the folder of the storage's files; its subfolder {@code narthex/} belongs to the host.
   */
  Path dataDirectory();

  /**
   * Returns the number that the storage adds to every series reference it returns, a multiple of
   * 2^40. A reference outside {@code [base, base + 2^40)} is from an earlier opening and is
   * unknown.
   */
  long referenceBase();

  /** Reports the progress of recovery, 0 to 1, for the status page. */
  void replayProgress(double done);
}
