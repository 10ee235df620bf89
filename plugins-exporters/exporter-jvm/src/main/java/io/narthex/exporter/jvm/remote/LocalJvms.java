package io.narthex.exporter.jvm.remote;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import com.sun.tools.attach.VirtualMachineDescriptor;
import io.narthex.exporter.jvm.jmx.JmxException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The JVMs of this machine that this process may attach to. Remembers the management agents that it
 * has started, so that a JVM is attached to once. Thread-safe.
 */
public final class LocalJvms {
  private static final int MOST_KNOWN = 1_000;

  /** A process; numbers of processes are used again. */
  private record Process(long pid, Instant start) {}

  /** Where its agent listens, and what it runs. */
  private record Agent(String mainClass, Endpoint endpoint) {}

  private final Map<Process, Agent> known = new LinkedHashMap<>(); // guarded by itself

  /**
   * Returns where the management agent of a JVM listens, which is started if need be.
   *
   * @param allowed decides by the main class, or the name of the jar file
   * @throws IllegalArgumentException when the main class is not allowed
   * @throws IOException when there is no such JVM or it cannot be attached to
   */
  public Endpoint endpoint(long pid, Predicate<String> allowed) throws IOException {
    Process process = new Process(pid, start(pid));
    Agent agent;
    synchronized (known) {
      agent = known.get(process);
    }
    if (agent != null) {
      check(pid, agent.mainClass(), allowed);
      return agent.endpoint();
    }
    String mainClass = mainClass(pid);
    check(pid, mainClass, allowed);
    refuseStopped(pid);
    Endpoint endpoint = Endpoint.local(address(pid));
    synchronized (known) {
      if (known.size() >= MOST_KNOWN) {
        known.remove(known.keySet().iterator().next());
      }
      known.put(process, new Agent(mainClass, endpoint));
    }
    return endpoint;
  }

  /**
   * Checks whether a JVM may be scraped, without attaching to it.
   *
   * @throws IllegalArgumentException when its main class is not allowed
   * @throws IOException when there is no such JVM
   */
  public void check(long pid, Predicate<String> allowed) throws IOException {
    check(pid, mainClass(pid), allowed);
  }

  private static void check(long pid, String mainClass, Predicate<String> allowed) {
    if (!allowed.test(mainClass)) {
      throw new IllegalArgumentException(
          "process "
              + pid
              + " runs \""
              + mainClass
              + "\", which the settings do not allow; add it to attach of the module");
    }
  }

  /** Forgets the agent of a JVM that does not answer there. */
  public void forget(long pid) {
    synchronized (known) {
      known.keySet().removeIf(p -> p.pid() == pid);
    }
  }

  private static Instant start(long pid) throws IOException {
    Optional<Instant> start = ProcessHandle.of(pid).flatMap(p -> p.info().startInstant());
    return start.orElseThrow(() -> new JmxException("there is no process " + pid));
  }

  private static String mainClass(long pid) throws IOException {
    String id = Long.toString(pid);
    for (VirtualMachineDescriptor jvm : VirtualMachine.list()) {
      if (jvm.id().equals(id)) {
        String name = jvm.displayName();
        int blank = name.indexOf(' ');
        return blank < 0 ? name : name.substring(0, blank);
      }
    }
    throw new JmxException("process " + pid + " is no JVM that this server may see");
  }

  /** Refuses a stopped process, which would block the thread that attaches to it. */
  private static void refuseStopped(long pid) throws IOException {
    Path status = Path.of("/proc", Long.toString(pid), "status");
    if (!Files.exists(status)) {
      return; // not Linux
    }
    for (String line : Files.readString(status, StandardCharsets.ISO_8859_1).split("\n")) {
      if (line.startsWith("State:") && line.length() > 7 && "TtZX".indexOf(line.charAt(7)) >= 0) {
        throw new JmxException("process " + pid + " does not run: " + line.substring(7));
      }
    }
  }

  private static String address(long pid) throws IOException {
    VirtualMachine jvm;
    try {
      jvm = VirtualMachine.attach(Long.toString(pid));
    } catch (AttachNotSupportedException e) {
      throw new JmxException("process " + pid + " cannot be attached to: " + e.getMessage(), e);
    }
    try {
      return jvm.startLocalManagementAgent();
    } finally {
      jvm.detach();
    }
  }
}
