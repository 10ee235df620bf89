package io.narthex.exporter.jvm.remote;

import java.io.ObjectInputFilter;
import java.util.Set;

/**
 * What a JVM may send: values of open types, descriptions of MBeans, collections and exceptions of
 * the JDK, within limits. Hash tables are allowed only near the root: tables within tables take
 * time that is exponential in their depth.
 */
final class ReplyFilter implements ObjectInputFilter {
  static final int DEEPEST = 40;
  static final int DEEPEST_TABLE = 14;
  static final int MOST_REFERENCES = 2_000_000;
  static final int LONGEST_ARRAY = 200_000;
  static final long MOST_BYTES = 64L << 20;

  private static final Set<String> NAMES =
      Set.of(
          "java.lang.Object",
          "java.lang.String",
          "java.lang.Number",
          "java.lang.Boolean",
          "java.lang.Byte",
          "java.lang.Character",
          "java.lang.Short",
          "java.lang.Integer",
          "java.lang.Long",
          "java.lang.Float",
          "java.lang.Double",
          "java.lang.Enum",
          "java.lang.Throwable",
          "java.lang.StackTraceElement",
          "java.lang.Thread$State",
          "java.math.BigInteger",
          "java.math.BigDecimal",
          "java.util.AbstractList",
          "java.util.AbstractMap",
          "java.util.ArrayList",
          "java.util.Arrays$ArrayList",
          "java.util.CollSer",
          "java.util.Date",
          "java.util.LinkedList",
          "java.util.Map$Entry", // of the array that a hash table is going to make
          "java.util.TreeMap",
          "java.util.TreeSet",
          "java.util.UUID",
          "java.util.Vector",
          "java.util.concurrent.TimeUnit",
          "java.util.concurrent.atomic.AtomicBoolean",
          "java.util.concurrent.atomic.AtomicInteger",
          "java.util.concurrent.atomic.AtomicLong",
          "java.rmi.server.UID",
          "java.rmi.server.ObjID",
          "javax.rmi.ssl.SslRMIClientSocketFactory",
          "javax.management.Attribute",
          "javax.management.AttributeList",
          "javax.management.ObjectName",
          "javax.management.ImmutableDescriptor");

  private static final Set<String> TABLES =
      Set.of(
          "java.util.HashMap",
          "java.util.HashSet",
          "java.util.Hashtable",
          "java.util.LinkedHashMap",
          "java.util.LinkedHashSet",
          "java.util.concurrent.ConcurrentHashMap");

  private static final int WRAPPER = "java.util.Collections$".length();
  private static final String STUBS = "io.narthex.exporter.jvm.stub.";

  @Override
  public Status checkInput(FilterInfo info) {
    if (info.depth() > DEEPEST
        || info.references() > MOST_REFERENCES
        || info.streamBytes() > MOST_BYTES
        || info.arrayLength() > LONGEST_ARRAY) {
      return Status.REJECTED;
    }
    Class<?> type = info.serialClass();
    if (type == null) {
      return Status.UNDECIDED; // only the numbers
    }
    while (type.isArray()) {
      type = type.getComponentType();
    }
    String name = type.getName();
    if (TABLES.contains(name)) {
      return info.depth() <= DEEPEST_TABLE ? Status.ALLOWED : Status.REJECTED;
    }
    return type.isPrimitive() || allows(name) ? Status.ALLOWED : Status.REJECTED;
  }

  /** Returns whether a class may be loaded. */
  static boolean allows(String name) {
    if (NAMES.contains(name) || TABLES.contains(name) || name.startsWith(STUBS)) {
      return true;
    }
    if (name.startsWith("java.util.Collections$")) {
      return name.startsWith("Empty", WRAPPER)
          || name.startsWith("Singleton", WRAPPER)
          || name.startsWith("Unmodifiable", WRAPPER)
          || name.startsWith("Synchronized", WRAPPER);
    }
    if (name.startsWith("javax.management.")) {
      return name.startsWith("javax.management.openmbean.")
          || name.endsWith("Info")
          || name.endsWith("InfoSupport")
          || name.endsWith("Exception");
    }
    boolean fault = name.endsWith("Exception") || name.endsWith("Error");
    return fault
        && (name.startsWith("java.lang.")
            || name.startsWith("java.io.")
            || name.startsWith("java.rmi.")
            || name.startsWith("java.security.")
            || name.startsWith("java.util.")
            || name.startsWith("javax.naming.")
            || name.startsWith("javax.security."));
  }
}
