package io.narthex.exporter.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.model.Labels;
import io.narthex.spi.config.ConfigException;
import io.narthex.testkit.exporter.RecordingMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Collectors on a few files that the fixtures do not have. */
@NullUnmarked
final class SmallHostsTest {
  @TempDir Path folder;

  private void write(String path, String content) throws IOException {
    Path file = folder.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  private Map<Labels, Double> collect(String collector, String... more) throws Exception {
    List<String> flags = new ArrayList<>(List.of("--collector.disable-defaults"));
    flags.add("--collector." + collector);
    flags.addAll(List.of(more));
    NodeConfig config =
        new NodeConfig(
            folder + "/proc", folder + "/sys", folder.toString(), folder + "/udev", flags);
    try (NodeExporter exporter = new NodeExporter(config, TestAccess.with(new RecordedNetlink()))) {
      RecordingMetrics got = new RecordingMetrics();
      exporter.collect(got, Map.of());
      assertThat(got.faults()).isEmpty();
      return got.samples();
    }
  }

  private static Labels of(String name, String... labels) {
    return Labels.of(labels).with(Labels.METRIC_NAME, name);
  }

  private static Labels success(String collector) {
    return of("node_scrape_collector_success", "collector", collector);
  }

  @Test
  void selinuxTellsWhatIsConfiguredAndWhatHolds() throws Exception {
    assertThat(collect("selinux"))
        .containsEntry(of("node_selinux_enabled"), 0.0)
        .doesNotContainKey(of("node_selinux_current_mode"));
    write("sys/fs/selinux/enforce", "0");
    write("proc/self/attr/current", "system_u:system_r:init_t:s0\0");
    write("etc/selinux/config", "# comment\nSELINUX=enforcing\nSELINUXTYPE=targeted\n");
    assertThat(collect("selinux"))
        .containsEntry(of("node_selinux_enabled"), 1.0)
        .containsEntry(of("node_selinux_config_mode"), 1.0)
        .containsEntry(of("node_selinux_current_mode"), 0.0);
    write("proc/self/attr/current", "kernel\0");
    assertThat(collect("selinux")).containsEntry(of("node_selinux_enabled"), 0.0);
  }

  @Test
  void ipvsReadsAddressesOfIpv6() throws Exception {
    write(
        "proc/net/ip_vs_stats",
        "   Total Incoming Outgoing         Incoming         Outgoing\n"
            + "   Conns  Packets  Packets            Bytes            Bytes\n"
            + "       1        2        3                4               ff\n");
    write(
        "proc/net/ip_vs",
        """
        IP Virtual Server version 1.2.1 (size=4096)
        Prot LocalAddress:Port Scheduler Flags
          -> RemoteAddress:Port Forward Weight ActiveConn InActConn
        TCP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0050 rr
          -> [2001:0db8:0000:0000:0000:0000:0000:0002]:1F90      Masq    1      7          2
        """);
    assertThat(collect("ipvs"))
        .containsEntry(of("node_ipvs_outgoing_bytes_total"), 255.0)
        .containsEntry(
            of(
                "node_ipvs_backend_connections_active",
                "local_address",
                "2001:db8::1",
                "local_port",
                "80",
                "proto",
                "TCP",
                "remote_address",
                "2001:db8::2",
                "remote_port",
                "8080"),
            7.0);
    assertThat(collect("ipvs", "--collector.ipvs.backend-labels=local_port"))
        .containsEntry(of("node_ipvs_backend_weight", "local_port", "80"), 1.0);
    assertThatThrownBy(() -> collect("ipvs", "--collector.ipvs.backend-labels=color"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("unknown label, got \"color\"");
  }

  @Test
  void aBrokenFileCostsOnlyItsCollector() throws Exception {
    write("proc/net/ip_vs_stats", "nothing\n");
    write("proc/loadavg", "0.5 0.25 0.125 1/100 1\n");
    assertThat(collect("ipvs", "--collector.loadavg"))
        .containsEntry(success("ipvs"), 0.0)
        .containsEntry(success("loadavg"), 1.0)
        .containsEntry(of("node_load1"), 0.5);
    write("proc/net/rpc/nfs", "proc4 1 what\n");
    assertThat(collect("nfs")).containsEntry(success("nfs"), 0.0);
  }

  @Test
  void collectorsWithoutHardwareSayWhatTheOriginalSays() throws Exception {
    for (String with : List.of("bcache", "btrfs", "cpufreq", "edac", "thermal_zone", "xfs")) {
      assertThat(collect(with)).as(with).containsEntry(success(with), 1.0);
    }
    for (String without :
        List.of(
            "bcachefs",
            "dmmultipath",
            "drbd",
            "fibrechannel",
            "infiniband",
            "ipvs",
            "mountstats",
            "nfs",
            "nfsd",
            "nvme",
            "pcidevice",
            "tapestats",
            "watchdog")) {
      assertThat(collect(without)).as(without).containsEntry(success(without), 0.0);
    }
  }

  @Test
  void interruptsCanBeChosen() throws Exception {
    write(
        "proc/interrupts",
        """
                   CPU0       CPU1
          0:         46          0   IO-APIC   2-edge      timer
          9:          0          0   IO-APIC   9-fasteoi   acpi
        NMI:          1          2   Non-maskable interrupts
        """);
    assertThat(collect("interrupts").keySet())
        .filteredOn(l -> l.metricName().equals("node_interrupts_total"))
        .hasSize(6);
    assertThat(
            collect(
                    "interrupts",
                    "--no-collector.interrupts.include-zeros",
                    "--collector.interrupts.name-exclude=^NMI;")
                .keySet())
        .filteredOn(l -> l.metricName().equals("node_interrupts_total"))
        .singleElement()
        .satisfies(l -> assertThat(l.get("devices")).isEqualTo("2-edge timer"));
  }

  private static Labels disks(String device, String state) {
    return of("node_md_disks", "device", device, "state", state);
  }

  @Test
  void disksOfArraysMayHaveSeveralFlags() throws Exception {
    write(
        "proc/mdstat",
        """
        Personalities : [raid1] [raid0]
        md0 : active raid1 sdb1[1](W)(F) sda1[0]
              100 blocks super 1.2 [2/1] [U_]

        md1 : active raid1 sdc1[2](W)(S) sdb1[1](J)(F) sda1[0]
              100 blocks super 1.2 [2/1] [U_]

        md4 : active (read-only) raid0 sdb1[1](F) sda1[0]
              2000 blocks super 1.2 512k chunks

        unused devices: <none>
        """);
    assertThat(collect("mdadm"))
        .containsEntry(disks("md0", "failed"), 1.0)
        .containsEntry(disks("md0", "spare"), 0.0)
        .containsEntry(disks("md0", "active"), 1.0)
        .containsEntry(disks("md1", "failed"), 1.0)
        .containsEntry(disks("md1", "spare"), 1.0)
        .containsEntry(disks("md4", "failed"), 1.0)
        .containsEntry(disks("md4", "active"), 2.0)
        .containsEntry(of("node_md_disks_required", "device", "md4"), 2.0);
  }

  @Test
  void arraysMayBeInAStateWithoutMetric() throws Exception {
    write(
        "proc/mdstat",
        """
        Personalities : [raid1] [raid0]
        md2 : active raid5 sdd1[3] sdc1[2] sdb1[1] sda1[0]
              1000 blocks super 1.2 level 5, 64k chunk, algorithm 2 [4/4] [UUUU]
              [==>..................]  reshape = 12.0% (120/1000) finish=1.0min speed=10K/sec

        md3 : broken raid0 sdb1[1] sda1[0]
              2000 blocks super 1.2 512k chunks

        md7 : active raid1 sdb1[1] sda1[0]
              1000 blocks super 1.2 [2/2] [UU]
              [==>..................]  check = 12.0% (120/1000) finish=1.0min speed=10K/sec

        unused devices: <none>
        """);
    Map<Labels, Double> got = collect("mdadm");
    for (String state : List.of("active", "check", "inactive", "recovering", "resync")) {
      for (String device : List.of("md2", "md3")) {
        assertThat(got).containsEntry(of("node_md_state", "device", device, "state", state), 0.0);
      }
      assertThat(got)
          .containsEntry(
              of("node_md_state", "device", "md7", "state", state),
              state.equals("check") ? 1.0 : 0.0);
    }
    assertThat(got)
        .containsEntry(of("node_md_blocks_synced", "device", "md2"), 120.0)
        .containsEntry(disks("md3", "active"), 2.0);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Mitigation: PTE Inversion; VMX: x|mitigation|PTE Inversion; VMX: x",
        "Mitigation; x|mitigation|x",
        "Mitigation:a|mitigation|''",
        "Vulnerable, IBPB: disabled|vulnerable|IBPB: disabled",
        "Vulnerable: Clear CPU buffers|vulnerable|Clear CPU buffers",
        "Vulnerable|vulnerable|''",
        "Not affected; foo|not affected|''",
        "Processor vulnerable|unknown|Processor vulnerable",
        "KVM: Mitigation: VMX disabled|unknown|KVM: Mitigation: VMX disabled",
        "Unknown: No mitigations|unknown|No mitigations"
      })
  void vulnerabilitiesTellTheRestOfTheirLine(String text, String state, String mitigation)
      throws Exception {
    write("sys/devices/system/cpu/vulnerabilities/v", text + "\n");
    assertThat(collect("cpu_vulnerabilities"))
        .containsEntry(
            of(
                "node_cpu_vulnerabilities_info",
                "codename",
                "v",
                "state",
                state,
                "mitigation",
                mitigation),
            1.0);
  }

  @Test
  void aThermalZoneWithoutTextHasNoDegrees() throws Exception {
    write("sys/class/thermal/thermal_zone0/temp", "");
    write("sys/class/thermal/thermal_zone0/type", "x86\n");
    assertThat(collect("thermal_zone"))
        .containsEntry(of("node_thermal_zone_temp", "zone", "0", "type", "x86"), 0.0);
  }

  @Test
  void whatTheKernelDoesNotCountIsZero() throws Exception {
    write("proc/net/rpc/nfs", "net 1 2 3 4\nproc4 2 7 8\n");
    assertThat(collect("nfs"))
        .containsEntry(of("node_nfs_requests_total", "proto", "2", "method", "Null"), 0.0)
        .containsEntry(of("node_nfs_requests_total", "proto", "3", "method", "Commit"), 0.0)
        .containsEntry(of("node_nfs_requests_total", "proto", "4", "method", "Read"), 8.0)
        .containsEntry(of("node_nfs_rpcs_total"), 0.0)
        .containsEntry(of("node_nfs_connections_total"), 4.0);
    write("proc/net/rpc/nfsd", "rc 0 6 18622\n");
    assertThat(collect("nfsd"))
        .containsEntry(of("node_nfsd_requests_total", "proto", "2", "method", "GetAttr"), 0.0)
        .containsEntry(of("node_nfsd_reply_cache_misses_total"), 6.0)
        .containsEntry(of("node_nfsd_server_threads"), 0.0);
    write("proc/stat", "cpu  10 20 30 40\nctxt 7\n");
    assertThat(collect("stat", "--collector.stat.softirq"))
        .containsEntry(of("node_context_switches_total"), 7.0)
        .containsEntry(of("node_intr_total"), 0.0)
        .containsEntry(of("node_boot_time_seconds"), 0.0)
        .containsEntry(of("node_procs_blocked"), 0.0)
        .containsEntry(of("node_softirqs_total", "vector", "hrtimer"), 0.0);
  }
}
