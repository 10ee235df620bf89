package io.narthex.itests;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.opentest4j.TestAbortedException;

/** Adds to the failure of a test what its servers say. Registered for all tests. */
public final class Evidence
    implements AfterTestExecutionCallback, LifecycleMethodExecutionExceptionHandler {
  private static final int SERVERS = 3;
  private static final Queue<Server> NEWEST = new ConcurrentLinkedQueue<>();

  /** Created by JUnit. */
  public Evidence() {}

  /** A server was started. */
  static void of(Server server) {
    NEWEST.add(server);
    if (NEWEST.size() > SERVERS) {
      NEWEST.remove();
    }
  }

  @Override
  public void afterTestExecution(ExtensionContext context) {
    context.getExecutionException().ifPresent(Evidence::add);
  }

  @Override
  public void handleBeforeAllMethodExecutionException(ExtensionContext context, Throwable e)
      throws Throwable {
    add(e);
    throw e;
  }

  @Override
  public void handleBeforeEachMethodExecutionException(ExtensionContext context, Throwable e)
      throws Throwable {
    add(e);
    throw e;
  }

  @Override
  public void handleAfterEachMethodExecutionException(ExtensionContext context, Throwable e)
      throws Throwable {
    add(e);
    throw e;
  }

  private static void add(Throwable failure) {
    if (!(failure instanceof TestAbortedException)) { // else it is skipped
      NEWEST.forEach(server -> failure.addSuppressed(new AssertionError(server.evidence())));
    }
  }
}
