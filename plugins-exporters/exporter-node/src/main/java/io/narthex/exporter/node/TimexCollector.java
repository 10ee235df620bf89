package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/** The state of the kernel's clock discipline, from {@code adjtimex}. */
final class TimexCollector {
  private static final long STA_NANO = 0x2000;
  private static final int TIME_ERROR = 5;
  private static final double PPM_16_BIT_FRACTION = 1_000_000.0 * 65_536.0;
  private static final double MICRO = 1e6;
  private static final int STRUCT_BYTES = 208;

  private static final @Nullable MethodHandle ADJTIMEX = adjtimex();

  private TimexCollector() {}

  private static @Nullable MethodHandle adjtimex() {
    try {
      Linker linker = Linker.nativeLinker();
      return linker
          .defaultLookup()
          .find("adjtimex")
          .map(address ->
              linker.downcallHandle(
                  address, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS)))
          .orElse(null);
    } catch (RuntimeException | LinkageError _) {
      return null;
    }
  }

  static void collect(Host host, Out out) throws IOException {
    if (ADJTIMEX == null || ValueLayout.ADDRESS.byteSize() != 8) {
      throw new NoData("no adjtimex");
    }
    try (Arena arena = Arena.ofConfined()) {
      // struct timex of 64-bit Linux; modes = 0 reads only
      MemorySegment t = arena.allocate(STRUCT_BYTES, 8);
      int state = (int) ADJTIMEX.invokeExact(t);
      if (state < 0) {
        throw new NoData("adjtimex is not permitted");
      }
      long status = t.get(ValueLayout.JAVA_INT, 40);
      double divisor = (status & STA_NANO) != 0 ? 1e9 : MICRO;
      gauge(
          out,
          "sync_status",
          "Is clock synchronized to a reliable server (1 = yes, 0 = no).",
          state == TIME_ERROR ? 0 : 1);
      gauge(
          out,
          "offset_seconds",
          "Time offset in between local system and reference clock.",
          at(t, 8) / divisor);
      gauge(
          out,
          "frequency_adjustment_ratio",
          "Local clock frequency adjustment.",
          1 + at(t, 16) / PPM_16_BIT_FRACTION);
      gauge(out, "maxerror_seconds", "Maximum error in seconds.", at(t, 24) / MICRO);
      gauge(out, "estimated_error_seconds", "Estimated error in seconds.", at(t, 32) / MICRO);
      gauge(out, "status", "Value of the status array bits.", status);
      gauge(out, "loop_time_constant", "Phase-locked loop time constant.", at(t, 48));
      gauge(out, "tick_seconds", "Seconds between clock ticks.", at(t, 88) / MICRO);
      gauge(
          out,
          "pps_frequency_hertz",
          "Pulse per second frequency.",
          at(t, 96) / PPM_16_BIT_FRACTION);
      gauge(out, "pps_jitter_seconds", "Pulse per second jitter.", at(t, 104) / divisor);
      gauge(
          out,
          "pps_shift_seconds",
          "Pulse per second interval duration.",
          t.get(ValueLayout.JAVA_INT, 112));
      gauge(
          out,
          "pps_stability_hertz",
          "Pulse per second stability, average of recent frequency changes.",
          at(t, 120) / PPM_16_BIT_FRACTION);
      counter(
          out,
          "pps_jitter_total",
          "Pulse per second count of jitter limit exceeded events.",
          at(t, 128));
      counter(
          out,
          "pps_calibration_total",
          "Pulse per second count of calibration intervals.",
          at(t, 136));
      counter(out, "pps_error_total", "Pulse per second count of calibration errors.", at(t, 144));
      counter(
          out,
          "pps_stability_exceeded_total",
          "Pulse per second count of stability limit exceeded events.",
          at(t, 152));
      gauge(
          out,
          "tai_offset_seconds",
          "International Atomic Time (TAI) offset.",
          t.get(ValueLayout.JAVA_INT, 160));
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IOException("adjtimex failed: " + e, e);
    }
  }

  private static double at(MemorySegment t, long offset) {
    return t.get(ValueLayout.JAVA_LONG, offset);
  }

  private static void gauge(Out out, String name, String help, double v) {
    out.add("node_timex_" + name, MetricType.GAUGE, help, v);
  }

  private static void counter(Out out, String name, String help, double v) {
    out.add("node_timex_" + name, MetricType.COUNTER, help, v);
  }
}
