package io.narthex.bench.hostile;

import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/**
 * Calls parsers that are not visible to other classes. Reports which one is missing when its form
 * has changed.
 */
final class Hidden {
  private Hidden() {}

  static Class<?> type(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("hostile: class " + name + " is gone; see Targets", e);
    }
  }

  static Method method(Class<?> type, String name, Class<?> first) {
    for (Method method : type.getDeclaredMethods()) {
      if (method.getName().equals(name)
          && method.getParameterCount() > 0
          && method.getParameterTypes()[0] == first) {
        return open(method);
      }
    }
    throw new IllegalStateException(
        "hostile: " + type.getName() + "." + name + " is gone; see Targets");
  }

  /** Returns a method without parameters. */
  static Method method(Class<?> type, String name) {
    try {
      return open(type.getDeclaredMethod(name));
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException(
          "hostile: " + type.getName() + "." + name + " is gone; see Targets", e);
    }
  }

  /** Takes what a parser hands over. */
  interface Taker {
    void take(Object given) throws Exception;
  }

  /** Returns an implementation that hands over arguments of a type; other calls are ignored. */
  static Object answering(Class<?> type, Taker taker, Class<?> wanted) {
    return Proxy.newProxyInstance(
        type.getClassLoader(),
        new Class<?>[] {type},
        (proxy, method, arguments) -> {
          if (arguments != null && arguments.length == 1 && wanted.isInstance(arguments[0])) {
            taker.take(arguments[0]);
          }
          return null;
        });
  }

  static Constructor<?> constructor(Class<?> type, int parameters) {
    for (Constructor<?> constructor : type.getDeclaredConstructors()) {
      if (constructor.getParameterCount() == parameters) {
        return open(constructor);
      }
    }
    throw new IllegalStateException(
        "hostile: " + type.getName() + " is made from other parameters; see Targets");
  }

  private static <T extends AccessibleObject> T open(T member) {
    member.setAccessible(true);
    return member;
  }

  /**
   * Returns an implementation of an interface of one method that answers what it is given first.
   */
  static Object answering(Class<?> type, @Nullable Object fixed) {
    return Proxy.newProxyInstance(
        type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> fixed);
  }

  /** Calls and throws what was thrown. */
  static @Nullable Object call(Method method, @Nullable Object on, @Nullable Object... arguments)
      throws Exception {
    try {
      return method.invoke(on, arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw e;
    }
  }
}
