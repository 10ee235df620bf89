package io.narthex.baseline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the API has promised stays: a package that has changed since the baseline in {@code
 * api/baseline} needs a version that says so. {@code -Dbaseline.renew=true} writes the baseline
 * anew, which only a release does.
 */
class ApiBaselineTest {
  private static final Path API = Path.of("..").toAbsolutePath().normalize();
  private static final List<String> MODULES =
      List.of("api-model", "api-spi", "api-service", "api-testkit");

  private static Path classes(String module) {
    return API.resolve(module).resolve("target/classes");
  }

  private static Path baseline(String module) {
    return API.resolve("baseline").resolve(module + ".jar");
  }

  @BeforeAll
  static void renewWhenAsked() throws IOException {
    if (Boolean.getBoolean("baseline.renew")) {
      for (String module : MODULES) {
        SignatureJar.write(classes(module), baseline(module));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"api-model", "api-spi", "api-service", "api-testkit"})
  void versionsSayWhatHasChanged(String module) throws Exception {
    assertThat(baseline(module)).isNotEmptyFile();
    assertThat(Comparison.faults(module, baseline(module), classes(module)))
        .withFailMessage(() -> {
          try {
            return "\n"
                + String.join("\n", Comparison.faults(module, baseline(module), classes(module)));
          } catch (Exception e) {
            return e.toString();
          }
        })
        .isEmpty();
  }
}
