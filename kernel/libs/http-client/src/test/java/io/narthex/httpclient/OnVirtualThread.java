package io.narthex.httpclient;

import java.lang.reflect.Method;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/** Runs the test methods of a class on virtual threads. */
final class OnVirtualThread implements InvocationInterceptor {
  @Override
  public void interceptTestMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread.ofVirtual()
        .name(context.getDisplayName())
        .start(() -> {
          try {
            invocation.proceed();
          } catch (Throwable e) {
            failure.set(e);
          }
        })
        .join();
    if (failure.get() != null) {
      throw failure.get();
    }
  }

  @Override
  public void interceptTestTemplateMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    interceptTestMethod(invocation, method, context);
  }
}
