package io.narthex.core.plugin.state;

import io.narthex.core.host.GuardLimits;
import java.nio.file.Path;
import java.time.Clock;

/**
 * What is stored about plugins over restarts, in one folder.
 *
 * @param jars the jars that have run
 * @param audit who changed what
 * @param decisions what users decided
 * @param quarantine which jars are kept out of service
 * @param deaths which jars may have ended the process
 */
public record PluginRecords(
    KeptJars jars,
    AuditLog audit,
    PluginDecisions decisions,
    Quarantine quarantine,
    Deaths deaths) {
  /** Reads what is stored in a folder. */
  public static PluginRecords in(Path folder, Clock clock, GuardLimits limits) {
    return new PluginRecords(
        new KeptJars(folder, clock),
        new AuditLog(folder.resolve("audit.jsonl"), clock),
        new PluginDecisions(folder.resolve("plugins.properties")),
        new Quarantine(folder.resolve("quarantine.properties"), clock, limits),
        new Deaths(folder.resolve("starting.properties"), clock));
  }
}
