package io.narthex.itests;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * A service of the server, called by reflection: its interface comes from a bundle of the
 * framework, not from the class path of the test.
 */
final class FrameworkService {
  private final Class<?> type;
  private final Object service;

  private FrameworkService(Class<?> type, Object service) {
    this.type = type;
    this.service = service;
  }

  /** Returns the service with this interface, or null while there is none. */
  static @Nullable FrameworkService find(BundleContext context, String name) {
    ServiceReference<?>[] references;
    try {
      // the other way finds only those with the interface that the class path has
      references = context.getAllServiceReferences(name, null);
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e);
    }
    Object service = references == null ? null : context.getService(references[0]);
    return service == null
        ? null
        : new FrameworkService(
            Stream.of(service.getClass().getInterfaces())
                .filter(type -> type.getName().equals(name))
                .findFirst()
                .orElseThrow(),
            service);
  }

  /** Calls the method with this name and number of arguments. */
  @Nullable Object call(String method, @Nullable Object... arguments) {
    Method found =
        Stream.of(type.getMethods())
            .filter(m -> m.getName().equals(method) && m.getParameterCount() == arguments.length)
            .findFirst()
            .orElseThrow();
    return invoke(found, service, arguments);
  }

  /** Returns what {@link #call} does for a method that returns a list. */
  List<Object> list(String method, @Nullable Object... arguments) {
    return call(method, arguments) instanceof List<?> list ? List.copyOf(list) : List.of();
  }

  /** Returns a component of a record as text. */
  static String part(Object record, String component) {
    try {
      return String.valueOf(invoke(record.getClass().getMethod(component), record));
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException(e);
    }
  }

  private static @Nullable Object invoke(
      Method method, Object object, @Nullable Object... arguments) {
    try {
      return method.invoke(object, arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }
}
