package io.narthex.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * What a test needs that not every machine has, such as other programs or data beside the sources.
 * A test that lacks something is skipped with the reason {@code absent: NEED}; in continuous
 * integration (environment {@code CI=true}) it fails.
 *
 * <p>Each need is noted in {@code target/needs.txt} of the module, as {@code CLASS[#METHOD] NEED}.
 * With {@code NARTHEX_ALONE=true} nothing is there: so a run without anything can be tried on a
 * machine that has it all.
 */
public final class Needs {
  /** The name of the need for {@link #shared}. */
  public static final String SHARED = "shared";

  private static final String ALONE = "NARTHEX_ALONE";
  private static final Path NOTES = Path.of("target", "needs.txt");
  private static final StackWalker STACK =
      StackWalker.getInstance(Set.of(StackWalker.Option.RETAIN_CLASS_REFERENCE));

  private Needs() {}

  /**
   * Returns a file or folder of the data that several implementations share; skips the test when it
   * is absent. The data are in the folder {@code NARTHEX_SHARED}, by default {@code shared} beside
   * the source tree.
   */
  public static Path shared(String path) {
    Path root = root();
    Path file = root == null ? null : root.resolve(path);
    need(SHARED, file != null && Files.exists(file));
    return Objects.requireNonNull(file);
  }

  /** Skips the test unless {@code there}. */
  public static void need(String need, boolean there) {
    if (has(need, there)) {
      return;
    }
    if ("true".equals(System.getenv("CI"))) {
      Assertions.fail("absent: " + need + ", which continuous integration does not accept");
    }
    Assumptions.abort("absent: " + need);
  }

  /** Returns {@code there}, for a test that is not skipped but does less without it. */
  public static boolean has(String need, boolean there) {
    note(need);
    return there && !"true".equals(System.getenv(ALONE));
  }

  private static @Nullable Path root() {
    String given = System.getenv("NARTHEX_SHARED");
    if (given != null && !given.isEmpty()) {
      return Path.of(given);
    }
    for (Path p = Path.of("").toAbsolutePath(); p != null; p = p.getParent()) {
      Path candidate = p.resolveSibling("shared");
      if (p.getFileName() != null && Files.isDirectory(candidate.resolve("conformance"))) {
        return candidate;
      }
    }
    return null;
  }

  private static void note(String need) {
    // the outermost: helpers may be in test classes, too
    Optional<String> test =
        STACK.walk(frames -> frames.map(Needs::test).filter(t -> !t.isEmpty()).reduce((a, b) -> b));
    if (test.isEmpty() || !Files.isDirectory(Path.of("target"))) {
      return;
    }
    try {
      Files.writeString(
          NOTES,
          test.get() + " " + need + "\n",
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Names the test that a frame belongs to, or the class when all of its tests need it. */
  private static String test(StackWalker.StackFrame frame) {
    Class<?> type = frame.getDeclaringClass();
    String name = type.getName();
    if (!name.endsWith("Test") && !name.endsWith("IT")) {
      return "";
    }
    boolean method =
        Arrays.stream(type.getDeclaredMethods())
            .filter(m -> m.getName().equals(frame.getMethodName()))
            .anyMatch(Needs::isTest);
    return method ? name + "#" + frame.getMethodName() : name;
  }

  private static boolean isTest(Method method) {
    return AnnotationSupport.isAnnotated(method, Testable.class);
  }
}
