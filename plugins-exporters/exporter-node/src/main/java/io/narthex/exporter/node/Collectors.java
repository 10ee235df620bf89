package io.narthex.exporter.node;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** All collectors by name. */
final class Collectors {
  /** A collector, and whether it runs without a flag. */
  record Entry(Collector collector, boolean byDefault) {}

  private static final Duration SYSTEMD_LIMIT = Duration.ofSeconds(4);

  private Collectors() {}

  static Map<String, Entry> all(Host host, Access access) {
    Map<String, Entry> all = new LinkedHashMap<>();
    CpuCollectors cpu = new CpuCollectors(host);
    on(all, "cpu", cpu::cpu);
    on(all, "cpufreq", CpuCollectors::cpufreq);
    on(all, "stat", CpuCollectors::stat);
    on(all, "schedstat", CpuCollectors::schedstat);
    on(all, "loadavg", SystemCollectors::loadavg);
    on(all, "meminfo", SystemCollectors::meminfo);
    on(all, "vmstat", SystemCollectors::vmstat);
    on(all, "filefd", SystemCollectors::filefd);
    on(all, "entropy", SystemCollectors::entropy);
    on(all, "pressure", SystemCollectors::pressure);
    on(all, "uname", SystemCollectors::uname);
    on(all, "os", SystemCollectors::os);
    on(all, "time", new SystemCollectors(access.clock())::time);
    on(all, "kernel_hung", SystemCollectors::kernelHung);
    on(all, "timex", TimexCollector::collect);
    DiskCollectors disks = new DiskCollectors(host);
    on(all, "diskstats", disks::diskstats);
    on(all, "filesystem", new FileSystemCollector(host, access)::collect);
    NetlinkCollectors netlink = new NetlinkCollectors(host, access.netlink());
    on(all, "netdev", new NetCollectors(host, netlink)::netdev);
    on(all, "netclass", NetCollectors::netclass);
    on(all, "netstat", NetCollectors::netstat);
    on(all, "sockstat", NetCollectors::sockstat);
    on(all, "softnet", NetCollectors::softnet);
    on(all, "udp_queues", NetCollectors::udpQueues);
    boolean arpByNetlink = host.flags.on("collector.arp.netlink", true);
    on(all, "arp", arpByNetlink ? netlink::arp : NetCollectors::arp);
    on(all, "conntrack", NetCollectors::conntrack);
    on(all, "bonding", NetCollectors::bonding);
    on(all, "hwmon", HardwareCollectors::hwmon);
    on(all, "thermal_zone", HardwareCollectors::thermalZone);
    on(all, "powersupplyclass", HardwareCollectors::powerSupply);
    on(all, "edac", HardwareCollectors::edac);
    on(all, "dmi", HardwareCollectors::dmi);
    on(all, "rapl", HardwareCollectors::rapl);
    on(all, "zfs", StorageCollectors::zfs);
    on(all, "xfs", StorageCollectors::xfs);
    on(all, "mdadm", StorageCollectors::mdadm);
    on(all, "textfile", new TextfileCollector(access.texts())::collect);
    on(all, "bcache", new BcacheCollector(host)::collect);
    on(all, "bcachefs", BcachefsCollector::collect);
    on(all, "btrfs", BtrfsCollector::collect);
    on(all, "dmmultipath", MultipathCollector::collect);
    on(all, "fibrechannel", FibreChannelCollector::collect);
    on(all, "infiniband", InfinibandCollector::collect);
    on(all, "ipvs", new IpvsCollector(host)::collect);
    on(all, "nfs", NfsCollectors::nfs);
    on(all, "nfsd", NfsCollectors::nfsd);
    on(all, "nvme", NvmeCollector::collect);
    on(all, "selinux", SelinuxCollector::collect);
    on(all, "tapestats", new TapeCollector(host)::collect);
    on(all, "watchdog", WatchdogCollector::collect);
    off(all, "interrupts", KernelCollectors::interrupts);
    off(all, "softirqs", KernelCollectors::softirqs);
    off(all, "slabinfo", KernelCollectors::slabinfo);
    off(all, "buddyinfo", KernelCollectors::buddyinfo);
    off(all, "cgroups", KernelCollectors::cgroups);
    off(all, "ksmd", KernelCollectors::ksmd);
    off(all, "cpu_vulnerabilities", KernelCollectors::vulnerabilities);
    off(all, "meminfo_numa", KernelCollectors::meminfoNuma);
    off(all, "lnstat", KernelCollectors::lnstat);
    off(all, "xfrm", KernelCollectors::xfrm);
    off(all, "zoneinfo", KernelCollectors::zoneinfo);
    off(all, "processes", KernelCollectors::processes);
    off(all, "sysctl", KernelCollectors::sysctl);
    off(all, "mountstats", MountStatsCollector::collect);
    off(all, "drbd", DrbdCollector::collect);
    off(all, "pcidevice", PciCollector::collect);
    off(all, "qdisc", netlink::qdisc);
    off(all, "tcpstat", netlink::tcpstat);
    off(all, "systemd", new SystemdCollector(host, access.systemd(), SYSTEMD_LIMIT)::collect);
    return all;
  }

  private static void off(Map<String, Entry> all, String name, Collector collector) {
    all.put(name, new Entry(collector, false));
  }

  private static void on(Map<String, Entry> all, String name, Collector collector) {
    all.put(name, new Entry(collector, true));
  }
}
