package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** SCSI tape drives. */
final class TapeCollector {
  /** The drive itself; {@code st0a} or {@code nst0} are other modes of the same. */
  private static final Pattern DRIVE = Pattern.compile("st[0-9]+", 0);

  private static final double NANOS = 1e9;

  private final @Nullable Pattern ignored;

  TapeCollector(Host host) {
    ignored = host.flags.pattern("collector.tapestats.ignored-devices", "^$");
  }

  void collect(Host host, Out out) throws IOException {
    Path tapes = host.sys.resolve("class/scsi_tape");
    if (!Files.isDirectory(tapes)) {
      throw new NoData("no tape drive");
    }
    for (Path tape : Host.list(tapes, DRIVE)) {
      String name = Host.name(tape);
      if (ignored != null && ignored.matcher(name).find()) {
        continue;
      }
      Path stats = tape.resolve("stats");
      add(out, stats.resolve("in_flight"), "io_now", 1, name);
      add(out, stats.resolve("io_ns"), "io_time_seconds_total", NANOS, name);
      add(out, stats.resolve("other_cnt"), "io_others_total", 1, name);
      add(out, stats.resolve("read_byte_cnt"), "read_bytes_total", 1, name);
      add(out, stats.resolve("read_cnt"), "reads_completed_total", 1, name);
      add(out, stats.resolve("read_ns"), "read_time_seconds_total", NANOS, name);
      add(out, stats.resolve("resid_cnt"), "residual_total", 1, name);
      add(out, stats.resolve("write_byte_cnt"), "written_bytes_total", 1, name);
      add(out, stats.resolve("write_cnt"), "writes_completed_total", 1, name);
      add(out, stats.resolve("write_ns"), "write_time_seconds_total", NANOS, name);
    }
  }

  private static void add(Out out, Path file, String metric, double divisor, String tape)
      throws IOException {
    out.add("node_tape_" + metric, SystemCollectors.one(file) / divisor, "device", tape);
  }
}
