package io.narthex.itests;

import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.options;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.ops4j.pax.exam.ExamSystem;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.TestContainer;
import org.ops4j.pax.exam.spi.PaxExamRuntime;
import org.osgi.framework.BundleContext;

/**
 * Runs the real framework inside the test, through Pax Exam's native container, with the bundles of
 * the assembled distribution. The tests get the framework's context from {@link KeptFramework} and
 * use no probe bundle.
 */
final class OsgiFramework implements BeforeAllCallback, AfterAllCallback {
  private static final String SLF4J = "2.0.20";

  private final List<Path> bundles;
  private final Map<String, String> properties;
  private @Nullable TestContainer container;
  private @Nullable BundleContext context;

  /** Prepares a framework with these bundles installed and started. */
  OsgiFramework(List<Path> bundles) {
    this(bundles, Map.of());
  }

  /** Prepares a framework with these bundles, which see these properties. */
  OsgiFramework(List<Path> bundles, Map<String, String> properties) {
    this.bundles = List.copyOf(bundles);
    this.properties = Map.copyOf(properties);
  }

  @Override
  public void beforeAll(ExtensionContext extension) throws Exception {
    start();
  }

  @Override
  public void afterAll(ExtensionContext extension) {
    stop();
  }

  /** Starts the framework, for tests that have something to prepare before. */
  void start() throws IOException {
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
    properties.forEach((name, value) -> options.add(frameworkProperty(name).value(value)));
    ExamSystem system = PaxExamRuntime.createTestSystem(options(options.toArray(new Option[0])));
    TestContainer created = PaxExamRuntime.createContainer(system);
    container = created;
    created.start();
    context = KeptFramework.last().getBundleContext();
  }

  /** Stops it and waits for its end. */
  void stop() {
    TestContainer running = container;
    if (running != null) {
      running.stop();
      container = null;
    }
  }

  /** Returns the context of the system bundle. */
  BundleContext context() {
    return Objects.requireNonNull(context, "the framework has not started");
  }
}
