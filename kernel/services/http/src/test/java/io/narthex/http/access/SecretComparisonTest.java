package io.narthex.http.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How texts of clients are compared with secrets. Measuring times would say little on a busy
 * machine, so the compiled code is looked at: what it calls.
 */
class SecretComparisonTest {
  private static List<String> calls(Class<?> type, String method) throws IOException {
    List<String> calls = new ArrayList<>();
    try (InputStream in = type.getResourceAsStream(type.getSimpleName() + ".class")) {
      ClassModel model = ClassFile.of().parse(in.readAllBytes());
      model.methods().stream()
          .filter(m -> m.methodName().equalsString(method))
          .flatMap(m -> m.code().stream())
          .flatMap(code -> code.elementStream())
          .forEach(e -> {
            if (e instanceof InvokeInstruction i) {
              calls.add(
                  i.owner().asInternalName().replaceFirst(".*/", "")
                      + "."
                      + i.name().stringValue());
            }
          });
    }
    assertThat(calls).as("%s.%s", type.getSimpleName(), method).isNotEmpty();
    return calls;
  }

  @Test
  void equalityIsThatOfTheDigestsOfTheJdk() throws IOException {
    assertThat(calls(Digests.class, "same"))
        .contains("MessageDigest.isEqual")
        .doesNotContain("String.equals", "Arrays.equals");
    assertThat(Digests.same("a", "a")).isTrue();
    assertThat(Digests.same("a", "b")).isFalse();
    assertThat(Digests.same("a", "ab")).isFalse();
  }

  /** The secret is digested first: how much of a guess is right does not affect the comparison. */
  @ParameterizedTest
  @CsvSource({"Tokens,find", "AdminToken,matches"})
  void tokensAreComparedByTheirDigests(String type, String method) throws Exception {
    Class<?> c = Class.forName(Digests.class.getPackageName() + "." + type);
    assertThat(calls(c, method))
        .contains("Digests.same", "Digests.sha256Hex")
        .doesNotContain("String.equals", "String.compareTo", "Arrays.equals");
  }

  @Test
  void sessionsAreFoundByTheDigestOfTheirCookie() throws IOException {
    assertThat(calls(Sessions.class, "find"))
        .startsWith("Digests.sha256Hex")
        .doesNotContain("String.equals");
    assertThat(calls(Guard.class, "named")).contains("Digests.same");
  }
}
