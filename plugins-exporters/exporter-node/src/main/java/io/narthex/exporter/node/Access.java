package io.narthex.exporter.node;

import io.narthex.spi.plugin.PluginContext;
import io.narthex.spi.plugin.TextMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.function.Function;

/**
 * What collectors need besides files; tests replace it.
 *
 * @param netlink asks the kernel through sockets
 * @param space asks a file system how full it is
 * @param threads starts a thread of the host
 * @param texts reads the text format of metrics
 * @param systemd sockets where systemd may be asked: of the message bus, then its own
 */
record Access(
    Clock clock,
    Netlink netlink,
    FileSystemStat.Source space,
    Function<Runnable, Thread> threads,
    Texts texts,
    List<Path> systemd) {
  /** The host's parser of metrics. */
  @FunctionalInterface
  interface Texts {
    TextMetrics read(byte[] text) throws IOException;
  }

  Access {
    systemd = List.copyOf(systemd);
  }

  /** Returns the real thing. */
  static Access of(PluginContext context) {
    return new Access(
        context.clock(),
        new KernelNetlink(),
        FileSystemStat::of,
        context::start,
        context::readMetrics,
        List.of(Path.of("/run/dbus/system_bus_socket"), Path.of("/run/systemd/private")));
  }
}
