package io.narthex.spi.storage;

import io.narthex.spi.plugin.PluginContext;
import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;

/** What the host lends to a storage. */
@ProviderType
public interface StorageContext extends PluginContext {
  /**
   * Returns the folder that holds the storage's files; {@code narthex/} in it belongs to the host.
   */
  Path dataDirectory();

  /**
   * Returns the number the storage adds to every series reference it gives out, a multiple of 2^40.
   * A reference outside {@code [base, base + 2^40)} stems from an earlier opening and is unknown.
   */
  long referenceBase();

  /** Tells the host how far recovery has come, 0 to 1, for the page that is shown meanwhile. */
  void replayProgress(double done);
}
