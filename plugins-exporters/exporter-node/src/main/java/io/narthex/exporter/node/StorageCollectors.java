package io.narthex.exporter.node;

import io.narthex.model.MetricType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** ZFS, XFS and software RAID. */
final class StorageCollectors {
  private static final Map<String, String> ZFS_FILES = new LinkedHashMap<>();

  static {
    ZFS_FILES.put("abdstats", "abd");
    ZFS_FILES.put("arcstats", "arc");
    ZFS_FILES.put("dbufstats", "dbuf");
    ZFS_FILES.put("dmu_tx", "dmu_tx");
    ZFS_FILES.put("dnodestats", "dnode");
    ZFS_FILES.put("fm", "fm");
    ZFS_FILES.put("vdev_cache_stats", "vdev_cache");
    ZFS_FILES.put("vdev_mirror_stats", "vdev_mirror");
    ZFS_FILES.put("xuio_stats", "xuio");
    ZFS_FILES.put("zfetchstats", "zfetch");
    ZFS_FILES.put("zil", "zil");
  }

  private static final List<String> POOL_STATES =
      List.of("degraded", "faulted", "offline", "online", "removed", "suspended", "unavail");

  /** Metrics of the lines of XFS' statistics, in the order of the numbers. */
  private static final Map<String, String[]> XFS =
      Map.of(
          "extent_alloc",
          new String[] {
            "extent_allocation_extents_allocated_total",
            "extent_allocation_blocks_allocated_total",
            "extent_allocation_extents_freed_total",
            "extent_allocation_blocks_freed_total"
          },
          "abt",
          new String[] {
            "allocation_btree_lookups_total",
            "allocation_btree_compares_total",
            "allocation_btree_records_inserted_total",
            "allocation_btree_records_deleted_total"
          },
          "blk_map",
          new String[] {
            "block_mapping_reads_total",
            "block_mapping_writes_total",
            "block_mapping_unmaps_total",
            "block_mapping_extent_list_insertions_total",
            "block_mapping_extent_list_deletions_total",
            "block_mapping_extent_list_lookups_total",
            "block_mapping_extent_list_compares_total"
          },
          "bmbt",
          new String[] {
            "block_map_btree_lookups_total",
            "block_map_btree_compares_total",
            "block_map_btree_records_inserted_total",
            "block_map_btree_records_deleted_total"
          },
          "dir",
          new String[] {
            "directory_operation_lookup_total",
            "directory_operation_create_total",
            "directory_operation_remove_total",
            "directory_operation_getdents_total"
          },
          "ig",
          new String[] {
            "inode_operation_attempts_total",
            "inode_operation_found_total",
            "inode_operation_recycled_total",
            "inode_operation_missed_total",
            "inode_operation_duplicates_total",
            "inode_operation_reclaims_total",
            "inode_operation_attribute_changes_total"
          },
          "rw",
          new String[] {"write_calls_total", "read_calls_total"},
          "vnodes",
          new String[] {
            "vnode_active_total",
            "vnode_allocate_total",
            "vnode_get_total",
            "vnode_hold_total",
            "vnode_release_total",
            "vnode_reclaim_total",
            "vnode_remove_total"
          });

  private static final Pattern DISK = Pattern.compile("\\S\\[\\d+\\]", 0);
  private static final Pattern FAULTY = Pattern.compile("(F)", Pattern.LITERAL);
  private static final Pattern SPARE = Pattern.compile("(S)", Pattern.LITERAL);
  private static final Pattern BLOCKS =
      Pattern.compile("^\\s*(\\d+) blocks.*?(?:\\[(\\d+)/(\\d+)\\].*)?$", 0);
  private static final Pattern PROGRESS = Pattern.compile("\\((\\d+)/\\d+\\)", 0);

  private StorageCollectors() {}

  static void zfs(Host host, Out out) throws IOException {
    Path root = host.proc.resolve("spl/kstat/zfs");
    if (!Files.isDirectory(root)) {
      throw new NoData("no ZFS");
    }
    for (Map.Entry<String, String> e : ZFS_FILES.entrySet()) {
      Path file = root.resolve(e.getKey());
      if (!Files.exists(file)) {
        continue;
      }
      List<String> lines = Host.lines(file);
      for (String line : lines.subList(Math.min(2, lines.size()), lines.size())) {
        String[] f = Host.words(line);
        if (f.length == 3 && (f[1].equals("4") || f[1].equals("3"))) {
          Double v = Host.parse(f[2]);
          if (v != null) {
            out.add(
                "node_zfs_" + e.getValue() + "_" + f[0].replace('-', '_'),
                MetricType.UNKNOWN,
                "kstat.zfs.misc." + e.getKey() + "." + f[0],
                v);
          }
        }
      }
    }
    for (Path pool : Host.list(root)) {
      if (Files.isDirectory(pool)) {
        pool(pool, out);
      }
    }
  }

  private static void pool(Path pool, Out out) throws IOException {
    String name = Host.name(pool);
    Path io = pool.resolve("io");
    if (Files.exists(io)) {
      List<String> lines = Host.lines(io);
      String[] names = Host.words(lines.get(1));
      String[] f = Host.words(lines.get(2));
      for (int i = 0; i < names.length && i < f.length; i++) {
        out.add(
            "node_zfs_zpool_" + names[i],
            MetricType.UNKNOWN,
            "kstat.zfs.misc.io." + names[i],
            Host.unsigned(f[i]),
            "zpool",
            name);
      }
    }
    for (Path objset : Host.list(pool, Pattern.compile("objset-.*", 0))) {
      String dataset = "";
      for (String line : Host.lines(objset)) {
        String[] f = Host.words(line);
        if (f.length >= 3 && f[0].equals("dataset_name")) {
          dataset = line.substring(line.indexOf(f[1], f[0].length()) + 1).strip();
        } else if (f.length == 3 && f[1].equals("4") && !dataset.isEmpty()) {
          out.add(
              "node_zfs_zpool_dataset_" + f[0],
              MetricType.UNKNOWN,
              "kstat.zfs.misc.objset." + f[0],
              Host.unsigned(f[2]),
              "zpool",
              name,
              "dataset",
              dataset);
        }
      }
    }
    String state = Host.textOrNull(pool.resolve("state"));
    if (state != null) {
      for (String s : POOL_STATES) {
        out.add(
            "node_zfs_zpool_state", s.equalsIgnoreCase(state) ? 1 : 0, "zpool", name, "state", s);
      }
    }
  }

  static void xfs(Host host, Out out) throws IOException {
    for (Path device : Host.list(host.sys.resolve("fs/xfs"))) {
      Path stats = device.resolve("stats/stats");
      if (!Files.exists(stats)) {
        continue;
      }
      for (String line : Host.lines(stats)) {
        String[] f = Host.words(line);
        String[] metrics = f.length == 0 ? null : XFS.get(f[0]);
        for (int i = 0; metrics != null && i < metrics.length && i + 1 < f.length; i++) {
          out.add("node_xfs_" + metrics[i], Host.unsigned(f[i + 1]), "device", Host.name(device));
        }
      }
    }
  }

  static void mdadm(Host host, Out out) throws IOException {
    Path file = host.proc.resolve("mdstat");
    if (!Files.exists(file)) {
      throw new NoData("no mdstat");
    }
    List<String> lines = Host.lines(file);
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      int colon = line.indexOf(" : ");
      if (colon < 0 || !line.startsWith("md")) {
        continue;
      }
      StringBuilder more = new StringBuilder();
      int next = i + 1;
      while (next < lines.size() && !lines.get(next).isBlank() && lines.get(next).startsWith(" ")) {
        more.append(lines.get(next++)).append('\n');
      }
      array(out, line.substring(0, colon), line.substring(colon + 3), more.toString());
    }
    for (Path md : Host.list(host.sys.resolve("block"), Pattern.compile("md.*", 0))) {
      Path folder = md.resolve("md");
      Double disks = Host.numberOrNull(folder.resolve("raid_disks"));
      Double degraded = Host.numberOrNull(folder.resolve("degraded"));
      if (disks != null) {
        out.add("node_md_raid_disks", disks, "device", Host.name(md));
      }
      if (disks != null || degraded != null) {
        // an array without redundancy has no such file
        out.add("node_md_degraded", degraded == null ? 0 : degraded, "device", Host.name(md));
      }
    }
  }

  private static int count(Pattern pattern, String text) {
    return (int) pattern.matcher(text).results().count();
  }

  private static void array(Out out, String device, String head, String more) {
    int all = count(DISK, head);
    int failed = count(FAULTY, head); // a disk may have several flags
    int spare = count(SPARE, head);
    String state = Host.words(head)[0]; // may be broken, too, which none of the states below is
    double size = 0;
    double total = head.contains("raid0") || head.contains("linear") ? all : all - failed - spare;
    double active = total;
    for (String line : more.split("\n")) {
      Matcher b = BLOCKS.matcher(line);
      if (b.matches()) {
        size = Double.parseDouble(b.group(1));
        if (b.group(2) != null) {
          total = Double.parseDouble(b.group(2));
          active = Double.parseDouble(b.group(3));
        }
      }
    }
    if (state.equals("inactive")) {
      total = 0;
      active = 0;
    }
    double synced = size;
    boolean running =
        more.contains("recovery")
            || more.contains("resync")
            || more.contains("check")
            || more.contains("reshape");
    if (running) {
      if (more.contains("recovery")) {
        state = "recovering";
      } else if (more.contains("resync")) {
        state = "resync";
      } else if (more.contains("reshape")) {
        state = "reshaping";
      } else {
        state = "check";
      }
      Matcher p = PROGRESS.matcher(more);
      synced = p.find() ? Double.parseDouble(p.group(1)) : 0;
    }
    for (String s : List.of("active", "check", "inactive", "recovering", "resync")) {
      out.add("node_md_state", s.equals(state) ? 1 : 0, "device", device, "state", s);
    }
    out.add("node_md_disks", active, "device", device, "state", "active");
    out.add("node_md_disks", failed, "device", device, "state", "failed");
    out.add("node_md_disks", spare, "device", device, "state", "spare");
    out.add("node_md_disks_required", total, "device", device);
    out.add("node_md_blocks", size, "device", device);
    out.add("node_md_blocks_synced", synced, "device", device);
  }
}
