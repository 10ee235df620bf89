package io.narthex.itests;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/** Groups of packages or classes of which each depends on all others, directly or through them. */
final class DependencyCycles {
  private final Map<String, Set<String>> uses;
  private final Map<String, Integer> index = new TreeMap<>();
  private final Map<String, Integer> low = new TreeMap<>();
  private final Deque<String> path = new ArrayDeque<>();
  private final Set<String> onPath = new HashSet<>();
  private final List<Set<String>> groups = new ArrayList<>();

  private DependencyCycles(Map<String, Set<String>> uses) {
    this.uses = uses;
  }

  /**
   * Returns the groups with more than {@code most} members.
   *
   * @param name what a class belongs to
   */
  static List<Set<String>> of(
      Collection<JavaClasses> classes, Function<JavaClass, String> name, int most) {
    Map<String, Set<String>> uses = new TreeMap<>();
    for (JavaClasses of : classes) {
      for (JavaClass c : of) {
        String from = name.apply(c);
        for (Dependency d : c.getDirectDependenciesFromSelf()) {
          JavaClass target = d.getTargetClass().getBaseComponentType();
          if (target.getPackageName().startsWith("io.narthex") && !isPermitted(c, target)) {
            String to = name.apply(target);
            if (!to.equals(from)) {
              uses.computeIfAbsent(from, _ -> new TreeSet<>()).add(to);
            }
          }
        }
      }
    }
    DependencyCycles cycles = new DependencyCycles(uses);
    List.copyOf(uses.keySet())
        .forEach(n -> {
          if (!cycles.index.containsKey(n)) {
            cycles.visit(n);
          }
        });
    cycles.groups.removeIf(g -> g.size() <= most);
    return cycles.groups;
  }

  /** Returns the class in whose file a class is. */
  static String outermost(JavaClass c) {
    String name = c.getName();
    int nested = name.indexOf('$', name.lastIndexOf('.') + 2);
    return nested < 0 ? name : name.substring(0, nested);
  }

  /** Returns whether a sealed type merely names a subtype. */
  private static boolean isPermitted(JavaClass sealed, JavaClass subtype) {
    return subtype.getRawInterfaces().contains(sealed)
        || subtype.getRawSuperclass().filter(sealed::equals).isPresent();
  }

  /** Tarjan's strongly connected components. */
  private void visit(String name) {
    int number = index.size();
    index.put(name, number);
    low.put(name, number);
    path.push(name);
    onPath.add(name);
    for (String next : uses.getOrDefault(name, Set.of())) {
      if (!index.containsKey(next)) {
        visit(next);
        low.merge(name, low.getOrDefault(next, 0), Math::min);
      } else if (onPath.contains(next)) {
        low.merge(name, index.getOrDefault(next, 0), Math::min);
      }
    }
    if (low.getOrDefault(name, 0) == number) {
      Set<String> group = new TreeSet<>();
      String last;
      do {
        last = path.pop();
        onPath.remove(last);
        group.add(last);
      } while (!last.equals(name));
      groups.add(group);
    }
  }
}
