package io.narthex.discovery.jvm;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Another JVM that waits until it is closed. */
final class WaitingJvm implements AutoCloseable {
  private final Process process;

  /** Starts it and waits until it runs. */
  WaitingJvm() throws IOException {
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx32m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                WaitingJvm.class.getName(),
                "some",
                "words")
            .start();
    if (process.getInputStream().read() != 'r') {
      close();
      throw new IOException("the other JVM does not run");
    }
  }

  long pid() {
    return process.pid();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        throw new IllegalStateException("process " + process.pid() + " does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Says that it runs, and waits until its standard input ends. */
  public static void main(String[] args) throws IOException {
    try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
      out.write('r');
      out.flush();
      while (System.in.read() >= 0) {
        out.flush();
      }
    }
  }
}
