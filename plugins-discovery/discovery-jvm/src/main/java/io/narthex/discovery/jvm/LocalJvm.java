package io.narthex.discovery.jvm;

import com.sun.tools.attach.VirtualMachine;
import com.sun.tools.attach.VirtualMachineDescriptor;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

/**
 * A JVM of this machine, as seen from outside: nothing is sent to it.
 *
 * @param displayName main class or jar file, then the arguments of the program
 * @param javaVersion empty when the files of its Java do not say it
 * @param user empty when the system does not say it
 */
record LocalJvm(long pid, String displayName, String javaVersion, String user) {
  private static final int LONGEST_NAME = 1_024;
  private static final long LARGEST_RELEASE = 64 << 10;

  /** Returns those that this process may see, itself included. */
  static List<LocalJvm> all() {
    List<LocalJvm> found = new ArrayList<>();
    for (VirtualMachineDescriptor jvm : VirtualMachine.list()) {
      long pid;
      try {
        pid = Long.parseLong(jvm.id());
      } catch (NumberFormatException e) {
        continue; // of another kind of machine
      }
      Optional<ProcessHandle> process = ProcessHandle.of(pid);
      if (process.isEmpty()) {
        continue; // it has ended in the meantime
      }
      String name = jvm.displayName();
      found.add(
          new LocalJvm(
              pid,
              name.length() > LONGEST_NAME ? name.substring(0, LONGEST_NAME) : name,
              javaVersion(process.get()),
              process.get().info().user().orElse("")));
    }
    return found;
  }

  /** Returns the main class or the name of the jar file. */
  String mainClass() {
    int blank = displayName.indexOf(' ');
    return blank < 0 ? displayName : displayName.substring(0, blank);
  }

  /** Returns the version in the file {@code release} of the Java that a process runs. */
  private static String javaVersion(ProcessHandle process) {
    Optional<String> command = process.info().command();
    Path bin = command.map(Path::of).map(Path::getParent).orElse(null);
    Path home = bin == null ? null : bin.getParent();
    if (home == null) {
      return "";
    }
    try {
      for (Path release : List.of(home.resolve("release"), home.resolve("../release"))) {
        if (Files.isRegularFile(release) && Files.size(release) <= LARGEST_RELEASE) {
          Properties properties = new Properties();
          properties.load(new StringReader(Files.readString(release, StandardCharsets.UTF_8)));
          return properties.getProperty("JAVA_VERSION", "").replace("\"", "");
        }
      }
    } catch (IOException | IllegalArgumentException _) {
      // unknown
    }
    return "";
  }
}
