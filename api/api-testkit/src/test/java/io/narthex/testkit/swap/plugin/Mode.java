package io.narthex.testkit.swap.plugin;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.ref.SoftReference;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import javax.management.JMException;
import javax.management.ObjectName;
import javax.management.StandardMBean;

/** The fault of this version of the plugin, and the leaks all kinds have in common. */
final class Mode {
  private Mode() {}

  static String get() {
    try (InputStream in = Mode.class.getResourceAsStream("mode.txt")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static boolean is(String fault) {
    return get().equals(fault);
  }

  /** An MBean. */
  public interface Lamp {
    /** Returns whether it is lit. */
    boolean isLit();
  }

  /** Leaves something behind when the mode says so. Called when an instance is opened. */
  static void leak() {
    switch (get()) {
      case "leaks a thread" -> {
        Thread thread =
            new Thread(
                () -> {
                  try {
                    Thread.sleep(60_000);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                },
                "acme-poller");
        thread.setDaemon(true);
        thread.start();
      }
      case "leaks an MBean" -> {
        try {
          Lamp lamp = () -> true;
          ManagementFactory.getPlatformMBeanServer()
              .registerMBean(
                  new StandardMBean(lamp, Lamp.class), new ObjectName("io.acme:type=Lamp"));
        } catch (JMException e) {
          throw new IllegalStateException(e);
        }
      }
      case "leaks its class loader" -> System.getProperties().put("acme.leak", new Object() {});
      case "is cached softly" ->
          System.getProperties().put("acme.leak", new SoftReference<>(new Object() {}));
      default -> {
        // no leak
      }
    }
  }
}
