package io.narthex.http;

import io.narthex.service.config.ConfigService;
import io.narthex.service.exporter.ExporterService;
import io.narthex.service.memory.WorkMemory;
import io.narthex.service.metrics.Metrics;
import io.narthex.service.plugins.PluginService;
import io.narthex.service.server.ServerControl;
import io.narthex.service.server.ServerInfo;
import io.narthex.service.storage.StorageGate;
import java.time.Clock;

/**
 * The services that resources and servlets are made from.
 *
 * @param services those that may be absent
 */
record Parts(
    ServerInfo info,
    ServerControl control,
    ConfigService config,
    Metrics metrics,
    StorageGate storage,
    ExporterService exporters,
    PluginService plugins,
    WorkMemory memory,
    Services services,
    Clock clock) {}
