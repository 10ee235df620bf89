package io.acme.hostile;

import io.narthex.model.TargetGroup;
import io.narthex.spi.discovery.Discovery;
import io.narthex.spi.discovery.DiscoveryProvider;
import io.narthex.spi.discovery.TargetSink;
import io.narthex.spi.plugin.PluginContext;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import java.util.Timer;
import java.util.concurrent.locks.LockSupport;
import javax.management.JMException;
import javax.management.ObjectName;

/** Discoveries, each bad in its own way. */
public abstract class HostileDiscovery implements DiscoveryProvider<HostileConfig> {
  private final String type;

  HostileDiscovery(String type) {
    this.type = type;
  }

  @Override
  public final String type() {
    return type;
  }

  @Override
  public final Class<HostileConfig> configType() {
    return HostileConfig.class;
  }

  @Override
  public Discovery open(HostileConfig config, PluginContext context) {
    return sink -> {
      sink.update(
          List.of(
              new TargetGroup(
                  "0",
                  Map.of("by", type),
                  List.of(Map.of(TargetGroup.ADDRESS, config.address())))));
      run(sink);
    };
  }

  /** Does its mischief; targets have been handed over. */
  abstract void run(TargetSink sink) throws InterruptedException;

  /** Its run waits for ever and is deaf to interruption. */
  public static final class Deaf extends HostileDiscovery {
    /** Creates one. */
    public Deaf() {
      super("deaf");
    }

    @Override
    void run(TargetSink sink) {
      while (true) {
        LockSupport.parkNanos(10_000_000_000L);
        Thread.interrupted();
      }
    }
  }

  /** Its run keeps a processor busy until it is interrupted. */
  public static final class Spinner extends HostileDiscovery {
    /** Creates one. */
    public Spinner() {
      super("spinner");
    }

    @Override
    void run(TargetSink sink) {
      while (!Thread.currentThread().isInterrupted()) {
        Thread.onSpinWait();
      }
    }
  }

  /** Leaves behind what the platform offers for it. */
  public static final class Leaver extends HostileDiscovery {
    /** What it registers. */
    public interface LeftMBean {}

    /** Its implementation. */
    public static final class Left implements LeftMBean {}

    /** Creates one. */
    public Leaver() {
      super("leaver");
    }

    @Override
    void run(TargetSink sink) {
      Timer timer = new Timer("acme left ticking", true);
      Thread thread =
          new Thread(
              () -> {
                while (true) {
                  LockSupport.parkNanos(10_000_000_000L);
                  timer.purge(); // a timer that nobody holds would end by itself
                }
              },
              "acme left running");
      thread.setDaemon(true);
      thread.start();
      try {
        ManagementFactory.getPlatformMBeanServer()
            .registerMBean(new Left(), new ObjectName("io.acme:type=Left"));
      } catch (JMException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Its run dies before it has found anything. */
  public static final class Crasher extends HostileDiscovery {
    /** Creates one. */
    public Crasher() {
      super("crasher");
    }

    @Override
    public Discovery open(HostileConfig config, PluginContext context) {
      return this::run;
    }

    @Override
    void run(TargetSink sink) {
      throw new IllegalStateException("run is broken");
    }
  }

  /** What {@link Tidy} must not become: finds its targets and dies. */
  public static final class Dying extends HostileDiscovery {
    /** Creates one. */
    public Dying() {
      super("leaver");
    }

    @Override
    void run(TargetSink sink) {
      throw new IllegalStateException("run is broken");
    }
  }

  /** Does not pass its self-test. */
  public static final class BadOpen extends HostileDiscovery {
    /** Creates one. */
    public BadOpen() {
      super("badopen");
    }

    @Override
    public Discovery open(HostileConfig config, PluginContext context) {
      throw new NoSuchMethodError("open is broken");
    }

    @Override
    void run(TargetSink sink) {}
  }

  /** Cannot be created. */
  public static final class Thrower extends HostileDiscovery {
    /** Fails. */
    public Thrower() {
      super("thrower");
      throw new IllegalArgumentException("the constructor is broken");
    }

    @Override
    void run(TargetSink sink) {}
  }

  /** Is well behaved. */
  public static final class Good extends HostileDiscovery {
    /** Creates one. */
    public Good() {
      super("thrower");
    }

    @Override
    void run(TargetSink sink) {}
  }

  /** What {@link Leaver} should have been. */
  public static final class Tidy extends HostileDiscovery {
    /** Creates one. */
    public Tidy() {
      super("leaver");
    }

    @Override
    void run(TargetSink sink) {}
  }
}
