package io.narthex.exporter.jvm.remote;

import io.narthex.exporter.jvm.jmx.FakeApplications;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another JVM with the MBeans of {@link FakeApplications}; it ends when it is closed. */
public final class SpawnedJvm implements AutoCloseable {
  private final Process process;

  /** Starts it and waits until it is ready. */
  public SpawnedJvm(String... options) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"));
    command.addAll(List.of(options));
    command.addAll(
        List.of(
            "-cp", System.getProperty("java.class.path"), Main.class.getName(), "some", "words"));
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String line = out.readLine();
    if (!"ready".equals(line)) {
      close();
      throw new IOException("the other JVM says " + line);
    }
  }

  /** Returns its process id. */
  public long pid() {
    return process.pid();
  }

  /** Returns its process. */
  public Process process() {
    return process;
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      boolean unused = process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What runs in the other JVM, until its standard input ends. */
  public static final class Main {
    private Main() {}

    /** Registers the MBeans. */
    public static void main(String[] args) throws Exception {
      new FakeApplications().register(ManagementFactory.getPlatformMBeanServer());
      try (var stdout = new java.io.FileOutputStream(java.io.FileDescriptor.out)) {
        stdout.write("ready\n".getBytes(StandardCharsets.UTF_8));
        stdout.flush();
        while (System.in.read() >= 0) {
          stdout.flush();
        }
      }
    }
  }
}
