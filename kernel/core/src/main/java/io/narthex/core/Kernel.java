package io.narthex.core;

import io.narthex.core.check.FileCheck;
import io.narthex.core.check.MetricsLint;
import io.narthex.core.check.SecretFiles;
import io.narthex.core.check.Verdict;
import io.narthex.core.config.Flags;
import io.narthex.core.plugin.PluginManager;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.storage.StorageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.util.tracker.ServiceTracker;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Boots the server with the steps of {@link Boot} and stops it in reverse order. A start that fails
 * ends the process with one line and Prometheus' exit status.
 */
@Component(service = Kernel.class, immediate = true)
public final class Kernel {
  private static final Logger LOG = LoggerFactory.getLogger(Kernel.class);

  private final BundleContext framework;
  private final BiConsumer<Integer, String> exit;

  /** Non-null when files are only checked: nothing listens, is applied or sent. */
  private final @Nullable FileCheck check;

  private final Boot boot;

  /**
   * Starts booting on a thread of its own.
   *
   * @param exit the launcher's: stops the framework, then ends the process with a status and a
   *     message
   */
  @Activate
  public Kernel(
      BundleContext framework,
      @Reference(target = "(narthex.role=exit)") BiConsumer<Integer, String> exit) {
    this.framework = framework;
    this.exit = exit;
    String subject = property("narthex.check", "");
    check = subject.isEmpty() ? null : new FileCheck(subject, property("narthex.check.file", ""));
    boot = new Boot(framework, check, this::end, this::hangs);
    Thread.ofPlatform().name("boot").start(this::boot);
  }

  private void boot() {
    try {
      Verdict verdict = check == null ? null : withoutServer(check.subject());
      if (verdict != null) {
        exit.accept(verdict.status(), verdict.text());
        return;
      }
      verdict = boot.run();
      if (verdict != null && !verdict.equals(Boot.ENDS_ALREADY)) {
        stop();
        exit.accept(verdict.status(), verdict.text());
      }
    } catch (Flags.FlagException e) {
      exit.accept(e.exitStatus(), e.getMessage());
    } catch (ConfigException e) {
      stop();
      if (check != null) {
        exit.accept(1, check.failed(e).stripTrailing());
        return;
      }
      exit.accept(2, "Error loading config: " + e.getMessage());
    } catch (StorageException | StartException e) {
      stop();
      exit.accept(1, e.getMessage());
    } catch (RuntimeException | LinkageError e) {
      ServerState server = boot.server();
      if (server != null && server.stopping()) {
        return; // the framework is stopping, for a reason already reported
      }
      String problem = "the server cannot start: " + boot.step() + ": " + e;
      LOG.error("{}", problem, e);
      blameUpdates(id -> true, e.toString());
      exit.accept(1, problem);
    }
  }

  /** Runs the checks that need neither server nor plugins; returns null for the others. */
  private @Nullable Verdict withoutServer(FileCheck.Subject subject) {
    List<Path> files =
        Stream.of(property("narthex.check.file", "").split("\u0001", -1)).map(Path::of).toList();
    return switch (subject) {
      case METRICS -> {
        try {
          yield MetricsLint.check(System.in, MetricsLint.largest(Runtime.getRuntime().maxMemory()));
        } catch (IOException e) {
          yield new Verdict(1, "standard input cannot be read: " + e.getMessage());
        }
      }
      case SECRETS -> {
        String data = property("narthex.check.data", "");
        yield SecretFiles.check(files, data.isEmpty() ? null : Path.of(data));
      }
      case WEB_CONFIG -> webConfigs(files);
      case CONFIG, RULES, RULE_TESTS, ALERTMANAGER_CONFIG, SERVICE_DISCOVERY -> null;
    };
  }

  private Verdict webConfigs(List<Path> files) {
    UnaryOperator<String> judge = webConfigJudge();
    if (judge == null) {
      return new Verdict(1, "the HTTP part of the server does not run, so nothing is checked");
    }
    StringBuilder out = new StringBuilder();
    int status = 0;
    for (Path file : files) {
      String problem = judge.apply(file.toString());
      status = problem.isEmpty() ? status : 1;
      out.append(out.isEmpty() ? "" : "\n").append(file);
      out.append(problem.isEmpty() ? " SUCCESS" : " FAILED: " + problem);
    }
    return new Verdict(status, out.toString());
  }

  @SuppressWarnings("unchecked") // the filter selects the one that takes a path
  private @Nullable UnaryOperator<String> webConfigJudge() {
    try {
      ServiceTracker<UnaryOperator<String>, UnaryOperator<String>> found =
          new ServiceTracker<>(
              framework,
              framework.createFilter(
                  "(&(objectClass="
                      + UnaryOperator.class.getName()
                      + ")(narthex.check=web-config))"),
              null);
      found.open();
      return found.waitForService(TimeUnit.SECONDS.toMillis(30));
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  private void blameUpdates(Predicate<String> suspect, String reason) {
    PluginManager plugins = boot.plugins();
    if (plugins != null) {
      plugins.blameKernelUpdates(suspect, reason);
    }
  }

  /** Ends the server after a fatal error of a part; only the HTTP server reports one. */
  private void end(int status, String message) {
    if (status != 0) {
      blameUpdates("io.narthex.http"::equals, message);
    }
    exit.accept(status, message);
  }

  /** Ends a start with updated bundles that hangs; the next start runs without the suspects. */
  private void hangs(String problem, Predicate<String> suspects) {
    blameUpdates(suspects, problem);
    exit.accept(1, problem + "; the updates are rolled back, so start again");
  }

  private String property(String name, String otherwise) {
    return Boot.property(framework, name, otherwise);
  }

  /** Stops what was started, in reverse order. */
  @Deactivate
  public void stop() {
    boot.close();
  }
}
