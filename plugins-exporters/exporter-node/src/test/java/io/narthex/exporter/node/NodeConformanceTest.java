package io.narthex.exporter.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Labels;
import io.narthex.testkit.Needs;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs all collectors on the fixture tree of node_exporter and compares families and samples. */
@NullUnmarked
final class NodeConformanceTest {
  private static final Pattern NOT_COMPARED =
      Pattern.compile(
          "^(go_|node_exporter_build_info|node_scrape_collector_duration_seconds|process_|promhttp_"
              + "|node_textfile_mtime_seconds|node_time_(zone|seconds)"
              + "|node_network_(receive|transmit)_(bytes|packets)_total).*",
          0);
  @TempDir Path folder;

  @Test
  void agreesWithNodeExporter() throws Exception {
    Path data = data();
    unpack(data.resolve("fixtures.tar.gz"), folder);
    Path f = folder.resolve("fixtures");
    List<String> flags = new ArrayList<>();
    String readme = Files.readString(data.resolve("README.md"));
    Matcher m = Pattern.compile("--(no-)?collector\\.\\S+", 0).matcher(readme);
    while (m.find()) {
      String flag = m.group().replace("`", "").replace("=fixtures/", "=" + f + "/");
      if (!flag.contains(".fixtures=")) { // of the original's tests; a stand-in replaces them
        flags.add(flag);
      }
    }
    for (String on :
        ("buddyinfo cgroups cpu_vulnerabilities drbd interrupts ksmd lnstat meminfo_numa mountstats"
                + " pcidevice processes qdisc slabinfo softirqs sysctl xfrm zoneinfo")
            .split(" ")) {
      flags.add("--collector." + on);
    }
    for (String off : "filesystem selinux timex uname".split(" ")) {
      flags.add("--no-collector." + off);
    }
    RecordingMetrics got = new RecordingMetrics();
    try (NodeExporter exporter =
        new NodeExporter(
            new NodeConfig(f + "/proc", f + "/sys", f.toString(), f + "/udev/data", flags),
            TestAccess.with(new RecordedNetlink(f.resolve("qdisc/results.json"))))) {
      exporter.collect(got, Map.of());
    }
    compare(got, data.resolve("e2e-output.txt"), f.toString());
  }

  /** Each of the expected outputs has fewer labels for the servers than the one before. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "lbs_local_address_local_port | local_address,local_port",
        "lbs_local_port | local_port",
        "lbs_none | ''"
      })
  void sumsServersOverTheLabelsThatAreLeft(String file, String labels) throws Exception {
    unpack(data().resolve("fixtures.tar.gz"), folder);
    Path f = folder.resolve("fixtures");
    RecordingMetrics got = new RecordingMetrics();
    List<String> flags =
        List.of(
            "--collector.disable-defaults",
            "--collector.ipvs",
            "--collector.ipvs.backend-labels=" + labels);
    try (NodeExporter exporter =
        new NodeExporter(
            new NodeConfig(f + "/proc", f + "/sys", f.toString(), f + "/udev/data", flags),
            TestAccess.with(new RecordedNetlink()))) {
      exporter.collect(got, Map.of());
    }
    Exposition want =
        new Exposition(Files.readAllLines(f.resolve("ip_vs_result_" + file + ".txt")));
    got.samples().keySet().removeIf(l -> l.metricName().startsWith("node_scrape_"));
    assertThat(got.samples()).isEqualTo(want.samples);
  }

  private static Path data() {
    return Needs.shared("conformance/node");
  }

  private void compare(RecordingMetrics got, Path expected, String root) throws IOException {
    Exposition want =
        new Exposition(
            Files.readAllLines(expected).stream()
                .filter(line -> line.startsWith("# ") || !NOT_COMPARED.matcher(line).matches())
                .map(line -> line.replace("collector/fixtures", root))
                .toList());
    Map<String, Integer> families = new TreeMap<>();
    List<String> wrong = new ArrayList<>();
    int passed = 0;
    for (Map.Entry<Labels, Double> e : want.samples.entrySet()) {
      families.merge(want.family(e.getKey().metricName()), 0, Integer::sum);
      Double v = got.samples().get(e.getKey());
      if (v != null
          && (v.equals(e.getValue())
              || Math.abs(v - e.getValue()) <= 1e-12 * Math.abs(e.getValue()))) {
        passed++;
      } else {
        wrong.add("want " + e.getKey() + " " + e.getValue() + (v == null ? "" : ", got " + v));
        families.merge(want.family(e.getKey().metricName()), 1, Integer::sum);
      }
    }
    got.samples()
        .forEach((l, v) -> {
          if (!want.samples.containsKey(l) && !NOT_COMPARED.matcher(l.metricName()).matches()) {
            wrong.add("extra " + l + " " + v);
            families.computeIfPresent(want.family(l.metricName()), (_, n) -> n + 1);
          }
        });
    int complete = 0;
    for (Map.Entry<String, Integer> e : families.entrySet()) {
      var meta = got.families().get(e.getKey());
      String type = want.types.get(e.getKey());
      boolean head =
          meta != null
              && (type.equals("untyped") ? "unknown" : type).equals(meta.type().text())
              && want.helps.getOrDefault(e.getKey(), "").equals(meta.help());
      if (e.getValue() == 0 && head) {
        complete++;
      } else if (e.getValue() == 0) {
        wrong.add("head of " + e.getKey() + ": " + meta);
      }
    }
    wrong.sort(null);
    Files.createDirectories(Path.of("target/conformance"));
    Files.write(Path.of("target/node-differences.txt"), wrong);
    String line = "conformance exporter-node: passed " + passed + " of " + want.samples.size();
    String second =
        "conformance exporter-node-families: passed " + complete + " of " + families.size();
    System.out.println(line);
    System.out.println(second);
    Files.writeString(Path.of("target/conformance/exporter-node.txt"), line + "\n");
    Files.writeString(Path.of("target/conformance/exporter-node-families.txt"), second + "\n");
    KnownDifferences known = new KnownDifferences("fixtures");
    assertThat(wrong).filteredOn(difference -> !known.explains(difference)).isEmpty();
    assertThat(known.unused()).isEmpty();
  }

  /** Unpacks folders, files and symbolic links of a tar archive. */
  private static void unpack(Path archive, Path to) throws IOException {
    try (InputStream in =
        new BufferedInputStream(new GZIPInputStream(Files.newInputStream(archive)))) {
      String longName = null;
      String longTarget = null;
      while (true) {
        byte[] head = in.readNBytes(512);
        if (head.length < 512 || head[0] == 0) {
          return;
        }
        String name = field(head, 0, 100);
        String prefix = field(head, 345, 155);
        if (!prefix.isEmpty() && field(head, 257, 5).equals("ustar") && head[263] == '0') {
          name = prefix + "/" + name;
        }
        long size = Long.parseLong(field(head, 124, 12).strip(), 8);
        byte[] body = in.readNBytes((int) size);
        in.skipNBytes((512 - size % 512) % 512);
        if (head[156] == 'L' || head[156] == 'K') {
          String text = new String(body, StandardCharsets.UTF_8).replace("\0", "");
          longName = head[156] == 'L' ? text : longName;
          longTarget = head[156] == 'K' ? text : longTarget;
          continue;
        }
        if (longName != null) {
          name = longName;
          longName = null;
        }
        Path p = to.resolve(name);
        switch (head[156]) {
          case '5' -> Files.createDirectories(p);
          case '2' -> {
            Files.createDirectories(p.getParent());
            String target = longTarget == null ? field(head, 157, 100) : longTarget;
            longTarget = null;
            Files.createSymbolicLink(p, Path.of(target));
          }
          case '0', 0 -> {
            Files.createDirectories(p.getParent());
            Files.write(p, body);
          }
          default -> {
            // extended headers
          }
        }
      }
    }
  }

  private static String field(byte[] b, int at, int n) {
    int end = at;
    while (end < at + n && b[end] != 0) {
      end++;
    }
    return new String(b, at, end - at, StandardCharsets.UTF_8);
  }
}
