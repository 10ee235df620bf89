package io.narthex.itests;

import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;

/**
 * Creates Felix for Pax Exam and keeps it for the test. Pax Exam takes the first factory on the
 * class path, which is this one, and offers no way to the framework inside its container but a
 * probe bundle.
 */
public final class KeptFramework implements FrameworkFactory {
  private static final AtomicReference<@Nullable Framework> LAST = new AtomicReference<>();

  /** Creates one; the service loader does. */
  public KeptFramework() {}

  @Override
  public Framework newFramework(Map<String, String> configuration) {
    Framework created =
        new org.apache.felix.framework.FrameworkFactory().newFramework(configuration);
    LAST.set(created);
    return created;
  }

  /** Returns the framework that was created last. */
  static Framework last() {
    return Objects.requireNonNull(LAST.get(), "Pax Exam has taken another framework factory");
  }
}
