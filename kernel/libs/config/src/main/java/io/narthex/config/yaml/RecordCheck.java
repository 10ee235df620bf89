package io.narthex.config.yaml;

import io.narthex.model.go.GoUrl;
import io.narthex.spi.config.ByteSize;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks whether {@link ConfigBinder} can bind a record, before there is a block to bind: plugin
 * authors see an unsupported type when the plugin starts, not when a user sets the key.
 */
public final class RecordCheck {
  private static final Set<Class<?>> SCALARS =
      Set.of(
          String.class,
          Secret.class,
          boolean.class,
          Boolean.class,
          int.class,
          Integer.class,
          long.class,
          Long.class,
          double.class,
          Double.class,
          Duration.class,
          ByteSize.class,
          GoUrl.class,
          ConfigNode.class);

  private RecordCheck() {}

  /**
   * Checks the record of a configuration block.
   *
   * @param type what {@code configType()} returned
   * @return what is wrong with it, or empty
   */
  public static String problem(@Nullable Class<?> type) {
    if (type == null) {
      return "configType() returns null; return the record of the block";
    }
    return type.isRecord()
        ? problem(type, new HashSet<>())
        : "configType() returns " + type.getName() + ", which is no record";
  }

  private static String problem(Class<?> type, Set<Class<?>> seen) {
    if (!seen.add(type)) {
      return "";
    }
    for (RecordComponent component : type.getRecordComponents()) {
      String where = "component \"" + component.getName() + "\" of " + type.getSimpleName();
      String problem = problem(where, component.getGenericType(), seen);
      if (problem.isEmpty()) {
        problem = fileProblem(where, component);
      }
      if (!problem.isEmpty()) {
        return problem;
      }
    }
    return "";
  }

  private static String fileProblem(String where, RecordComponent component) {
    Setting setting = component.getAnnotation(Setting.class);
    String type = component.getGenericType().getTypeName();
    boolean names =
        type.equals("java.lang.String") || type.equals("java.util.List<java.lang.String>");
    return setting == null || !setting.file() || names
        ? ""
        : where + " names files, but is of type " + type + "; use String or List<String>";
  }

  private static String problem(String where, Type type, Set<Class<?>> seen) {
    if (type instanceof Class<?> plain) {
      return SCALARS.contains(plain) || plain.isEnum()
          ? ""
          : plain.isRecord() ? problem(plain, seen) : unknown(where, type);
    }
    if (type instanceof ParameterizedType p) {
      Type[] arguments = p.getActualTypeArguments();
      if (p.getRawType() == List.class) {
        return problem(where, arguments[0], seen);
      }
      if (p.getRawType() == Map.class && arguments[0] == String.class) {
        return problem(where, arguments[1], seen);
      }
    }
    return unknown(where, type);
  }

  private static String unknown(String where, Type type) {
    return where
        + " is of type "
        + type.getTypeName()
        + ", which settings cannot have; use text, numbers, boolean, Duration, ByteSize, GoUrl, Secret, an"
        + " enum, a record, ConfigNode, or a List or Map<String, …> of these";
  }
}
