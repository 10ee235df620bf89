package io.narthex.bench.storage;

import io.narthex.bench.WireBuffer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Series like those of a node exporter with a service, and their values at one time after the
 * other. Of a hundred series 31 are seconds of processors (counters of hundredths), 22 are buckets,
 * 2 are sums of durations (doubles with all their digits), 2 are counts, 12 are counters of bytes,
 * 11 are gauges of bytes, and 20 never change. A third of the counters stands still.
 *
 * <p>The same seed makes the same values. Not thread-safe.
 */
final class Workload {
  /** Series of a target for which all kinds are there once. */
  static final int PER_BLOCK = 100;

  private static final String[] MODES = {
    "idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"
  };
  private static final String[] BOUNDS = {
    "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "+Inf"
  };
  private static final String[] TRAFFIC = {
    "node_network_receive_bytes_total",
    "node_network_receive_packets_total",
    "node_network_transmit_bytes_total",
    "node_network_transmit_packets_total"
  };
  private static final String[] MEMORY = {
    "node_memory_Active_bytes",
    "node_memory_AnonPages_bytes",
    "node_memory_Buffers_bytes",
    "node_memory_Cached_bytes",
    "node_memory_Dirty_bytes",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemFree_bytes",
    "node_memory_Slab_bytes",
    "node_filesystem_avail_bytes",
    "node_filesystem_files_free",
    "node_load1"
  };
  private static final int CONSTANTS = 20;
  private static final long PAGE = 4096;

  /** How a value becomes the next one. */
  private enum Kind {
    /** Adds up to 15.00, in hundredths. */
    SECONDS,
    /** The number of requests at or below a bound. */
    BUCKET,
    COUNT,
    /** Adds a random double for each request. */
    SUM,
    BYTES,
    GAUGE,
    CONSTANT
  }

  /** A series of every target. */
  private record Template(Kind kind, int detail, Map<String, String> labels) {}

  private final List<Template> templates = new ArrayList<>();
  private final int targets;
  private final long seed;
  private final double[] values;
  private final long[] whole; // what values are made of
  private int step;

  /**
   * Describes the series.
   *
   * @param perTarget series of a target, a multiple of {@link #PER_BLOCK}
   */
  Workload(int targets, int perTarget, long seed) {
    this.targets = targets;
    this.seed = seed;
    for (int block = 0; block < perTarget / PER_BLOCK; block++) {
      addBlock(block);
    }
    values = new double[targets * templates.size()];
    whole = new long[values.length];
    restart();
  }

  private void addBlock(int block) {
    int start = templates.size();
    for (int i = 0; i < 31; i++) {
      add(
          Kind.SECONDS,
          i % 8,
          "node_cpu_seconds_total",
          "cpu",
          Integer.toString(block * 4 + i / 8),
          "mode",
          MODES[i % 8]);
    }
    for (int handler = 0; handler < 2; handler++) {
      String path = "/api/v1/part-" + (block * 2 + handler);
      for (int i = 0; i < BOUNDS.length; i++) {
        add(
            Kind.BUCKET,
            i,
            "http_request_duration_seconds_bucket",
            "handler",
            path,
            "le",
            BOUNDS[i]);
      }
      add(Kind.SUM, 0, "http_request_duration_seconds_sum", "handler", path);
      add(Kind.COUNT, 0, "http_request_duration_seconds_count", "handler", path);
    }
    for (int i = 0; i < 12; i++) {
      add(Kind.BYTES, i % 3, TRAFFIC[i / 3], "device", "eth" + (block * 3 + i % 3));
    }
    for (int i = 0; i < MEMORY.length; i++) {
      add(Kind.GAUGE, i, MEMORY[i], "zone", Integer.toString(block));
    }
    for (int i = 0; i < CONSTANTS; i++) {
      add(
          Kind.CONSTANT,
          i,
          i == 0 ? "node_memory_MemTotal_bytes" : "node_setting_" + i,
          "zone",
          Integer.toString(block));
    }
    if (templates.size() - start != PER_BLOCK) {
      throw new IllegalStateException("a block has " + (templates.size() - start) + " series");
    }
  }

  private void add(Kind kind, int detail, String name, String... labels) {
    Map<String, String> all = new TreeMap<>(Map.of("__name__", name));
    for (int i = 0; i < labels.length; i += 2) {
      all.put(labels[i], labels[i + 1]);
    }
    templates.add(new Template(kind, detail, all));
  }

  int series() {
    return values.length;
  }

  int targets() {
    return targets;
  }

  int perTarget() {
    return templates.size();
  }

  /** Returns the value of a series now. */
  double value(int s) {
    return values[s];
  }

  /** Returns the label {@code instance} of a target. */
  static String instance(int target) {
    return "host-" + target + ".example:9100";
  }

  /** Returns how long after the step a target is scraped, ms; each has its own time. */
  long offsetMs(int target) {
    return Math.floorMod(mix(seed + target), 15_000);
  }

  /** Goes back to before the first step. */
  void restart() {
    step = 0;
    for (int s = 0; s < values.length; s++) {
      long own = mix(seed ^ (long) s << 24);
      Template template = templates.get(s % templates.size());
      whole[s] =
          switch (template.kind) {
            case SECONDS -> own >>> 34;
            case BYTES -> own >>> 28;
            case GAUGE -> (own >>> 44) * PAGE;
            case CONSTANT -> own & 0xffffff;
            default -> 0;
          };
      values[s] = whole[s];
    }
  }

  /** Moves to the next step. */
  void advance() {
    step++;
    int n = templates.size();
    long requests = 0; // of the handler whose buckets come
    for (int s = 0; s < values.length; s++) {
      Template template = templates.get(s % n);
      long random = mix(seed ^ (long) s << 24 ^ step);
      // a series of a target that is idle, or a device without cable
      boolean idle = (mix(seed ^ (long) s << 24) & 3) == 0;
      switch (template.kind) {
        case SECONDS -> {
          if (!idle) {
            whole[s] += (random & 0xffff) * (template.detail == 0 ? 1500 : 60) >>> 16;
          }
          values[s] = whole[s] / 100.0;
        }
        case BUCKET -> {
          if (template.detail == 0) {
            requests = (random >>> 8 & 0x3f) * ((random & 3) == 0 ? 0 : 1);
          }
          // most requests are in the middle buckets
          long below = requests * Math.min(10, template.detail + 1) / 10;
          whole[s] += template.detail == BOUNDS.length - 1 ? requests : below;
          values[s] = whole[s];
        }
        case SUM -> values[s] += requests * ((random >>> 11) * 0x1p-53) * 0.2;
        case COUNT -> {
          whole[s] += requests;
          values[s] = whole[s];
        }
        case BYTES -> {
          if (!idle) {
            whole[s] += random >>> 44;
          }
          values[s] = whole[s];
        }
        case GAUGE -> {
          if ((random & 1) == 0) {
            whole[s] = Math.max(0, whole[s] + ((random >>> 52) - 2047) * PAGE);
          }
          values[s] = template.detail == MEMORY.length - 1 ? whole[s] % 800 / 100.0 : whole[s];
        }
        case CONSTANT -> values[s] = whole[s];
      }
    }
  }

  private static long mix(long number) {
    long x = number * 0x9e3779b97f4a7c15L;
    x = (x ^ x >>> 30) * 0xbf58476d1ce4e5b9L;
    x = (x ^ x >>> 27) * 0x94d049bb133111ebL;
    return x ^ x >>> 31;
  }

  /** Labels of all series as fields of remote write requests, one behind the other. */
  static final class Encoded {
    private final byte[] bytes;
    private final int[] ends;

    private Encoded(byte[] bytes, int[] ends) {
      this.bytes = bytes;
      this.ends = ends;
    }

    byte[] bytes() {
      return bytes;
    }

    int from(int s) {
      return s == 0 ? 0 : ends[s - 1];
    }

    int length(int s) {
      return ends[s] - from(s);
    }
  }

  /** Returns the labels of all series, with those that a scrape would add. */
  Encoded encoded() {
    WireBuffer all = new WireBuffer(values.length * 150);
    WireBuffer label = new WireBuffer(200);
    int[] ends = new int[values.length];
    for (int s = 0; s < values.length; s++) {
      Map<String, String> labels = new TreeMap<>(templates.get(s % templates.size()).labels);
      labels.put("instance", instance(s / templates.size()));
      labels.put("job", "node");
      labels.put("region", "region-" + s / templates.size() % 5);
      labels.forEach((name, value) -> {
        label.clear();
        label.text(1, name);
        label.text(2, value);
        all.message(1, label);
      });
      ends[s] = all.size();
    }
    return new Encoded(Arrays.copyOf(all.array(), all.size()), ends);
  }

  /** Returns what stands before the values of a target's page. */
  List<byte[]> linePrefixes() {
    List<byte[]> prefixes = new ArrayList<>();
    for (Template template : templates) {
      StringBuilder text = new StringBuilder(template.labels.get("__name__")).append('{');
      template.labels.forEach((name, value) -> {
        if (!name.equals("__name__")) {
          text.append(text.charAt(text.length() - 1) == '{' ? "" : ",")
              .append(name)
              .append("=\"")
              .append(value)
              .append('"');
        }
      });
      prefixes.add(text.append("} ").toString().getBytes(StandardCharsets.UTF_8));
    }
    return prefixes;
  }

  /** Returns the page of a target in the text format. */
  byte[] page(int target, List<byte[]> prefixes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(templates.size() * 100);
    for (int i = 0; i < prefixes.size(); i++) {
      out.writeBytes(prefixes.get(i));
      double value = values[target * templates.size() + i];
      String text =
          value == Math.rint(value) && Math.abs(value) < 1e15
              ? Long.toString((long) value)
              : Double.toString(value);
      out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
      out.write('\n');
    }
    return out.toByteArray();
  }
}
