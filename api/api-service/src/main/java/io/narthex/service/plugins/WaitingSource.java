package io.narthex.service.plugins;

import io.narthex.service.plugins.PluginSettingsService.WaitingBlock;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** A part of the server with configuration that waits for plugins; registered as a service. */
@ConsumerType
public interface WaitingSource {
  /** Returns the waiting blocks. Called for every display of the list; should take milliseconds. */
  List<WaitingBlock> waiting();
}
