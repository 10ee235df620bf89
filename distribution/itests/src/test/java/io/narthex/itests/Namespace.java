package io.narthex.itests;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A network of its own, joined to this machine by one pair of addresses and to nothing else. It
 * goes with the last process in it; the one that holds it ends when its input does, so with this
 * process at the latest.
 */
final class Namespace implements AutoCloseable {
  private final Process holder;
  private final String here;
  private final String there;

  private Namespace(Process holder, String here, String there) {
    this.holder = holder;
    this.here = here;
    this.there = there;
  }

  /** Makes one; empty where the machine does not let this process do so. */
  static Optional<Namespace> create() throws IOException, InterruptedException {
    Optional<Path> ip = Peers.find("ip");
    if (ip.isEmpty()
        || Peers.find("nsenter").isEmpty()
        || new ProcessBuilder("unshare", "--net", "true").start().waitFor() != 0) {
      return Optional.empty();
    }
    Process holder =
        new ProcessBuilder("unshare", "--net", "sh", "-c", "echo there; exec cat").start();
    if (holder.getInputStream().read() != 't') {
      return Optional.empty();
    }
    long id = holder.pid();
    // the block for tests of networks (RFC 2544), four addresses for each process
    String block = "198.18." + (id >> 6 & 255) + ".";
    int first = (int) (id & 63) << 2;
    Namespace made = new Namespace(holder, block + (first + 1), block + (first + 2));
    String[] ends = {"nx" + id % 1_000_000 + "a", "nx" + id % 1_000_000 + "b"};
    try {
      String tool = ip.get().toString();
      run(List.of(tool, "link", "add", ends[0], "type", "veth", "peer", "name", ends[1]));
      run(List.of(tool, "link", "set", ends[1], "netns", Long.toString(id)));
      run(List.of(tool, "address", "add", made.here + "/30", "dev", ends[0]));
      run(List.of(tool, "link", "set", ends[0], "up"));
      run(made.command(List.of(tool, "address", "add", made.there + "/30", "dev", ends[1])));
      run(made.command(List.of(tool, "link", "set", ends[1], "up")));
      run(made.command(List.of(tool, "link", "set", "lo", "up")));
      return Optional.of(made);
    } catch (IOException e) {
      made.close();
      throw e;
    }
  }

  /** The address of this machine as the namespace sees it. */
  String here() {
    return here;
  }

  /** The address of the namespace as this machine sees it. */
  String there() {
    return there;
  }

  /** Returns what runs a command in the namespace. */
  List<String> command(List<String> command) {
    List<String> all =
        new ArrayList<>(List.of("nsenter", "--net", "--target", Long.toString(holder.pid())));
    all.addAll(command);
    return all;
  }

  /** Runs a command in the namespace to its end. */
  String runThere(String... command) throws IOException, InterruptedException {
    return run(command(List.of(command)));
  }

  private static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + output);
    }
    return output;
  }

  @Override
  public void close() throws InterruptedException {
    holder.destroy();
    holder.waitFor();
  }
}
