package io.narthex.itests;

import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.options;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.ops4j.pax.exam.ExamSystem;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.TestContainer;
import org.ops4j.pax.exam.nat.internal.NativeTestContainer;
import org.ops4j.pax.exam.spi.PaxExamRuntime;
import org.osgi.framework.BundleContext;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;

/**
 * Runs the real framework inside the test, through Pax Exam, with the bundles of the assembled
 * distribution. The tests get the framework's context and use no probe bundle.
 */
final class OsgiFramework implements BeforeAllCallback, AfterAllCallback {
  private static final String SLF4J = "2.0.20";

  private final List<Path> bundles;
  private final AtomicReference<@Nullable Framework> framework = new AtomicReference<>();
  private @Nullable TestContainer container;

  /** Prepares a framework with these bundles installed and started. */
  OsgiFramework(List<Path> bundles) {
    this.bundles = List.copyOf(bundles);
  }

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    List<Option> options = new ArrayList<>();
    options.add(
        frameworkProperty("org.osgi.framework.system.packages.extra")
            .value(
                "org.slf4j;version=\""
                    + SLF4J
                    + "\",org.slf4j;version=\"1.7.36\",org.slf4j.event;version=\""
                    + SLF4J
                    + "\",org.slf4j.helpers;version=\""
                    + SLF4J
                    + "\",org.slf4j.spi;version=\""
                    + SLF4J
                    + "\",sun.misc"));
    options.add(frameworkProperty("org.osgi.framework.bsnversion").value("multiple"));
    options.add(frameworkProperty("felix.log.level").value("1"));
    for (Path jar : bundles) {
      options.add(bundle(jar.toUri().toString()));
    }
    ExamSystem system = PaxExamRuntime.createTestSystem(options(options.toArray(new Option[0])));
    FrameworkFactory real =
        java.util.ServiceLoader.load(FrameworkFactory.class).findFirst().orElseThrow();
    container =
        new NativeTestContainer(
            system,
            configuration -> {
              Framework created = real.newFramework(configuration);
              framework.set(created);
              return created;
            });
    container.start();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    if (container != null) {
      container.stop();
    }
  }

  /** Returns the context of the system bundle. */
  BundleContext context() {
    return Objects.requireNonNull(framework.get(), "the framework has not started")
        .getBundleContext();
  }
}
