package io.narthex.exporter.node;

import io.narthex.model.Labels;
import io.narthex.model.MetricMetadata;
import io.narthex.model.MetricType;
import io.narthex.spi.exporter.MetricSink;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** Gathers samples in any order and writes them family by family. */
final class Out {
  /** Types and help texts of the families that have fixed names. */
  private static final Map<String, MetricMetadata> KNOWN = known();

  private record Sample(String name, Labels labels, double value) {}

  private static final class Family {
    final MetricMetadata metadata;
    final List<Sample> samples = new ArrayList<>();

    Family(MetricMetadata metadata) {
      this.metadata = metadata;
    }
  }

  private final Map<String, Family> families = new TreeMap<>();

  private static Map<String, MetricMetadata> known() {
    Map<String, MetricMetadata> all = new HashMap<>();
    try (InputStream in = Out.class.getResourceAsStream("families.tsv");
        BufferedReader reader =
            new BufferedReader(
                new InputStreamReader(Objects.requireNonNull(in), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        String[] f = line.split("\t", -1);
        all.put(f[0], new MetricMetadata(f[0], type(f[1]), f[2], ""));
      }
    } catch (IOException e) {
      throw new IllegalStateException("families.tsv cannot be read", e);
    }
    return Map.copyOf(all);
  }

  private static MetricType type(String text) {
    return text.equals("untyped")
        ? MetricType.UNKNOWN
        : MetricType.valueOf(text.toUpperCase(Locale.ROOT));
  }

  private Family family(String name, MetricType type, String help) {
    Family f = families.get(name);
    if (f == null) {
      MetricMetadata known = KNOWN.get(name);
      f = new Family(known != null ? known : new MetricMetadata(name, type, help, ""));
      families.put(name, f);
    }
    return f;
  }

  /** Adds a sample of a family that the table knows. */
  void add(String name, double value, String... labels) {
    add(name, MetricType.UNKNOWN, "", value, labels);
  }

  /** Adds a sample if the table knows its family; returns whether it does. */
  boolean addKnown(String name, double value, String... labels) {
    boolean known = KNOWN.containsKey(name);
    if (known) {
      add(name, value, labels);
    }
    return known;
  }

  /** Adds a sample; type and help apply to families that the table does not know. */
  void add(String name, MetricType type, String help, double value, String... labels) {
    family(name, type, help).samples.add(new Sample(name, Labels.of(labels), value));
  }

  /** Adds a sample whose name differs from its family's. */
  void addPart(
      String family, MetricType type, String help, String name, Labels labels, double value) {
    family(family, type, help).samples.add(new Sample(name, labels, value));
  }

  /** Adds the samples of another one. */
  void addAll(Out other) {
    other.families.forEach((name, f) -> {
      Family mine = families.get(name);
      if (mine == null) {
        families.put(name, f);
      } else {
        mine.samples.addAll(f.samples);
      }
    });
  }

  boolean isEmpty() {
    return families.isEmpty();
  }

  void writeTo(MetricSink sink) {
    for (Family f : families.values()) {
      sink.family(f.metadata);
      for (Sample s : f.samples) {
        sink.sample(s.name, s.labels, s.value);
      }
    }
  }
}
