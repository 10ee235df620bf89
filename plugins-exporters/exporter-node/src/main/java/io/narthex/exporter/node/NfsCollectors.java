package io.narthex.exporter.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Calls of the NFS client and of the NFS server. */
final class NfsCollectors {
  private static final String[] V2 = {
    "Null",
    "GetAttr",
    "SetAttr",
    "Root",
    "Lookup",
    "ReadLink",
    "Read",
    "WrCache",
    "Write",
    "Create",
    "Remove",
    "Rename",
    "Link",
    "SymLink",
    "MkDir",
    "RmDir",
    "ReadDir",
    "FsStat"
  };
  private static final String[] V3 = {
    "Null",
    "GetAttr",
    "SetAttr",
    "Lookup",
    "Access",
    "ReadLink",
    "Read",
    "Write",
    "Create",
    "MkDir",
    "SymLink",
    "MkNod",
    "Remove",
    "RmDir",
    "Rename",
    "Link",
    "ReadDir",
    "ReadDirPlus",
    "FsStat",
    "FsInfo",
    "PathConf",
    "Commit"
  };

  /** Calls of the client in the order of the kernel. */
  private static final String[] V4_CLIENT = {
    "Null",
    "Read",
    "Write",
    "Commit",
    "Open",
    "OpenConfirm",
    "OpenNoattr",
    "OpenDowngrade",
    "Close",
    "Setattr",
    "FsInfo",
    "Renew",
    "SetClientID",
    "SetClientIDConfirm",
    "Lock",
    "Lockt",
    "Locku",
    "Access",
    "Getattr",
    "Lookup",
    "LookupRoot",
    "Remove",
    "Rename",
    "Link",
    "Symlink",
    "Create",
    "Pathconf",
    "StatFs",
    "ReadLink",
    "ReadDir",
    "ServerCaps",
    "DelegReturn",
    "GetACL",
    "SetACL",
    "FsLocations",
    "ReleaseLockowner",
    "Secinfo",
    "FsidPresent",
    "ExchangeID",
    "CreateSession",
    "DestroySession",
    "Sequence",
    "GetLeaseTime",
    "ReclaimComplete",
    "GetDeviceInfo",
    "LayoutGet",
    "LayoutCommit",
    "LayoutReturn",
    "SecinfoNoName",
    "TestStateID",
    "FreeStateID",
    "GetDeviceList",
    "BindConnToSession",
    "DestroyClientID",
    "Seek",
    "Allocate",
    "DeAllocate",
    "LayoutStats",
    "Clone"
  };

  /** Operations of the server by number; those without a metric are empty. */
  private static final String[] V4_SERVER = {
    "",
    "",
    "",
    "Access",
    "Close",
    "Commit",
    "Create",
    "DelegPurge",
    "DelegReturn",
    "GetAttr",
    "GetFH",
    "Link",
    "Lock",
    "Lockt",
    "Locku",
    "Lookup",
    "LookupRoot",
    "Nverify",
    "Open",
    "OpenAttr",
    "OpenConfirm",
    "OpenDgrd",
    "PutFH",
    "",
    "",
    "Read",
    "ReadDir",
    "ReadLink",
    "Remove",
    "Rename",
    "Renew",
    "RestoreFH",
    "SaveFH",
    "SecInfo",
    "SetAttr",
    "SetClientID",
    "SetClientIDConfirm",
    "Verify",
    "Write",
    "RelLockOwner"
  };

  private static final String[] NONE = {};

  private NfsCollectors() {}

  static void nfs(Host host, Out out) throws IOException {
    Path file = host.proc.resolve("net/rpc/nfs");
    if (!Files.exists(file)) {
      throw new NoData("no NFS client");
    }
    Map<String, String[]> lines = byName(Host.lines(file));
    String[] net = lines.getOrDefault("net", NONE);
    out.add("node_nfs_packets_total", at(net, 2), "protocol", "udp");
    out.add("node_nfs_packets_total", at(net, 3), "protocol", "tcp");
    out.add("node_nfs_connections_total", at(net, 4));
    String[] rpc = lines.getOrDefault("rpc", NONE);
    out.add("node_nfs_rpcs_total", at(rpc, 1));
    out.add("node_nfs_rpc_retransmissions_total", at(rpc, 2));
    out.add("node_nfs_rpc_authentication_refreshes_total", at(rpc, 3));
    calls(out, "node_nfs_requests_total", "2", V2, 0, lines.getOrDefault("proc2", NONE));
    calls(out, "node_nfs_requests_total", "3", V3, 0, lines.getOrDefault("proc3", NONE));
    calls(out, "node_nfs_requests_total", "4", V4_CLIENT, 0, lines.getOrDefault("proc4", NONE));
  }

  static void nfsd(Host host, Out out) throws IOException {
    Path file = host.proc.resolve("net/rpc/nfsd");
    if (!Files.exists(file)) {
      throw new NoData("no NFS server");
    }
    Map<String, String[]> lines = byName(Host.lines(file));
    String[] cache = lines.getOrDefault("rc", NONE);
    out.add("node_nfsd_reply_cache_hits_total", at(cache, 1));
    out.add("node_nfsd_reply_cache_misses_total", at(cache, 2));
    out.add("node_nfsd_reply_cache_nocache_total", at(cache, 3));
    out.add("node_nfsd_file_handles_stale_total", at(lines.getOrDefault("fh", NONE), 1));
    String[] io = lines.getOrDefault("io", NONE);
    out.add("node_nfsd_disk_bytes_read_total", at(io, 1));
    out.add("node_nfsd_disk_bytes_written_total", at(io, 2));
    out.add("node_nfsd_server_threads", at(lines.getOrDefault("th", NONE), 1));
    String[] ahead = lines.getOrDefault("ra", NONE);
    out.add("node_nfsd_read_ahead_cache_size_blocks", at(ahead, 1));
    out.add("node_nfsd_read_ahead_cache_not_found_total", at(ahead, 12));
    String[] net = lines.getOrDefault("net", NONE);
    out.add("node_nfsd_packets_total", at(net, 2), "proto", "udp");
    out.add("node_nfsd_packets_total", at(net, 3), "proto", "tcp");
    out.add("node_nfsd_connections_total", at(net, 4));
    String[] rpc = lines.getOrDefault("rpc", NONE);
    out.add("node_nfsd_server_rpcs_total", at(rpc, 1));
    out.add("node_nfsd_rpc_errors_total", at(rpc, 3), "error", "fmt");
    out.add("node_nfsd_rpc_errors_total", at(rpc, 4), "error", "auth");
    out.add("node_nfsd_rpc_errors_total", at(rpc, 5), "error", "cInt");
    String requests = "node_nfsd_requests_total";
    calls(out, requests, "2", V2, 1, lines.getOrDefault("proc2", NONE));
    calls(out, requests, "3", V3, 1, lines.getOrDefault("proc3", NONE));
    calls(out, requests, "4", V4_SERVER, 1, lines.getOrDefault("proc4ops", NONE));
    double delegated = at(lines.getOrDefault("wdeleg_getattr", NONE), 1);
    out.add(requests, delegated, "proto", "4", "method", "WdelegGetattr");
  }

  /** Returns the words of each line by the first; what a kernel does not write counts as 0. */
  private static Map<String, String[]> byName(List<String> lines) {
    Map<String, String[]> all = new HashMap<>();
    for (String line : lines) {
      String[] f = Host.words(line);
      if (f.length > 0) {
        all.put(f[0], f);
      }
    }
    return all;
  }

  /** Returns a number of a line; older kernels write fewer. */
  private static double at(String[] f, int index) {
    return index < f.length ? Host.unsigned(f[index]) : 0;
  }

  /**
   * Adds the calls of a line: its name, how many numbers follow, the numbers; from {@code first}
   * on.
   */
  private static void calls(
      Out out, String metric, String version, String[] names, int first, String[] f) {
    for (int i = first; i < names.length; i++) {
      if (!names[i].isEmpty()) {
        out.add(metric, at(f, i + 2), "proto", version, "method", names[i]);
      }
    }
  }
}
