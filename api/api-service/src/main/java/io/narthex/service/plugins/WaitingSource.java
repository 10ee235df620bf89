package io.narthex.service.plugins;

import io.narthex.service.plugins.PluginSettingsService.WaitingBlock;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** A part of the server that knows configuration which waits for plugins; a service. */
@ConsumerType
public interface WaitingSource {
  /** Returns what waits now. Called for every look at the list; should take milliseconds. */
  List<WaitingBlock> waiting();
}
