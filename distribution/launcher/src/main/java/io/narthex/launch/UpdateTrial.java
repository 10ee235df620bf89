package io.narthex.launch;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * Every start is a trial of the updated bundles that run in it. {@code kernel.trial} names them
 * from before the framework starts until the server is ready; when the next start finds the file,
 * the previous one failed, and its updates are recorded in {@code kernel.failed}. Those do not run
 * again; the kernel processes the file, then deletes it.
 *
 * <p>Both are next to {@code kernel.properties}: {@code <id>.jar} as there, and {@code <id>.reason}
 * in the second.
 */
final class UpdateTrial {
  private static final String JAR = ".jar";
  private static final String PROCESS = "process";
  private static final String NOT_READY = "the server ended before it was ready";

  private final Path trial;
  private final Path failed;
  private final Properties failures;
  private boolean running;

  /** Reads what the previous start has left. */
  UpdateTrial(Path folder) {
    trial = folder.resolve("kernel.trial");
    failed = folder.resolve("kernel.failed");
    failures = read(failed);
    if (!Files.exists(trial)) {
      return;
    }
    Properties previous = read(trial);
    if (isAlive(previous.getProperty(PROCESS, ""))) {
      return; // another server, or a command, in the middle of its start
    }
    for (String key : previous.stringPropertyNames()) {
      if (key.endsWith(JAR)) {
        fail(key.substring(0, key.length() - JAR.length()), previous.getProperty(key), NOT_READY);
      }
    }
    delete();
  }

  /** Returns whether an update must not run again. */
  boolean hasFailed(String id, String jar) {
    return jar.equals(failures.getProperty(id + JAR));
  }

  /** Excludes an update from this start and the next ones. */
  void fail(String id, String jar, String reason) {
    failures.setProperty(id + JAR, jar);
    failures.setProperty(id + ".reason", reason);
    write(failed, failures);
  }

  /** Begins the trial of updates, unless there are none. */
  void begin(Map<String, String> jarsById) {
    if (jarsById.isEmpty() || Files.exists(trial)) {
      return;
    }
    Properties properties = new Properties();
    properties.setProperty(PROCESS, id(ProcessHandle.current()));
    jarsById.forEach((id, jar) -> properties.setProperty(id + JAR, jar));
    write(trial, properties);
    running = true;
  }

  /** Ends the trial: it is known which updates are to blame, if any. */
  void end() {
    if (running) {
      delete();
    }
  }

  private void delete() {
    try {
      Files.deleteIfExists(trial);
    } catch (IOException e) {
      System.err.println(trial + ": cannot be deleted: " + e.getMessage());
    }
  }

  private static String id(ProcessHandle process) {
    return process.pid()
        + " "
        + process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  /** Returns whether another process is alive; its start time is compared, as pids are reused. */
  private static boolean isAlive(String process) {
    String pid = process.split(" ", 2)[0];
    if (!pid.matches("[0-9]{1,18}") || Long.parseLong(pid) == ProcessHandle.current().pid()) {
      return false;
    }
    Optional<ProcessHandle> found = ProcessHandle.of(Long.parseLong(pid));
    return found.isPresent() && id(found.get()).equals(process);
  }

  private static Properties read(Path file) {
    Properties properties = new Properties();
    if (Files.isRegularFile(file)) {
      try (Reader in = Files.newBufferedReader(file)) {
        properties.load(in);
      } catch (IOException | IllegalArgumentException e) {
        System.err.println(file + ": cannot be read: " + e.getMessage());
      }
    }
    return properties;
  }

  private static void write(Path file, Properties properties) {
    Path partial = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      try (Writer out = Files.newBufferedWriter(partial)) {
        properties.store(out, null);
      }
      Files.move(
          partial, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      System.err.println(
          file + ": cannot be written, so a failing update is tried again: " + e.getMessage());
    }
  }
}
