package io.narthex.baseline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The comparison finds what breaks plugins, on an API of one package. */
class ComparisonTest {
  private static final String SINK =
      "@org.osgi.annotation.versioning.ProviderType public interface Sink { void take(int a); %s }";
  private static final String SOURCE =
      "@org.osgi.annotation.versioning.ConsumerType public interface Source { int give(Sink s); %s }";

  @TempDir private Path folder = Path.of("");
  private Path baseline = Path.of("");

  @BeforeEach
  void packTheFirstState() throws IOException {
    baseline = folder.resolve("baseline.jar");
    SignatureJar.write(
        module("before", "1.0.0", SINK.formatted(""), SOURCE.formatted("")), baseline);
  }

  /** Compiles a module with package {@code p}. */
  private Path module(String name, String version, String sink, String source) throws IOException {
    Path sources = Files.createDirectories(folder.resolve(name + "-src/p"));
    Path classes = folder.resolve(name + "-classes");
    Files.createDirectories(classes.resolve("META-INF"));
    Files.writeString(sources.resolve("Sink.java"), "package p; " + sink);
    Files.writeString(sources.resolve("Source.java"), "package p; " + source);
    assertThat(
            ToolProvider.getSystemJavaCompiler()
                .run(
                    null,
                    null,
                    null,
                    "-proc:none",
                    "-d",
                    classes.toString(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    sources.resolve("Sink.java").toString(),
                    sources.resolve("Source.java").toString()))
        .isZero();
    Manifest manifest = new Manifest();
    Attributes headers = manifest.getMainAttributes();
    headers.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    headers.putValue("Bundle-ManifestVersion", "2");
    headers.putValue("Bundle-SymbolicName", "m");
    headers.putValue("Bundle-Version", "1.0.0");
    headers.putValue("Export-Package", version.isEmpty() ? "q" : "p;version=\"" + version + "\"");
    try (OutputStream out = Files.newOutputStream(classes.resolve("META-INF/MANIFEST.MF"))) {
      manifest.write(out);
    }
    return classes;
  }

  private List<String> faults(String version, String sink, String source) throws Exception {
    return Comparison.faults("m", baseline, module("now", version, sink, source));
  }

  @Test
  void passesWhatIsUnchanged() throws Exception {
    assertThat(faults("1.0.0", SINK.formatted(""), SOURCE.formatted(""))).isEmpty();
  }

  @Test
  void refusesARemovedMethod() throws Exception {
    String none = "public interface Sink {}";
    assertThat(faults("1.0.0", none, SOURCE.formatted("")))
        .singleElement()
        .asString()
        .startsWith("m: package p has changed so that plugins built before break:")
        .contains("removed method p.Sink.take(int)")
        .contains("its version must be at least 2.0.0, got 1.0.0; undo the change, or raise")
        .contains("0012-api-baseline.md");
    assertThat(faults("1.9.0", none, SOURCE.formatted(""))).hasSize(1);
    assertThat(faults("2.0.0", none, SOURCE.formatted(""))).isEmpty();
  }

  @Test
  void additionsNeedAVersionThatSaysSo() throws Exception {
    String more = SINK.formatted("void takeAll(int[] all);");
    assertThat(faults("1.0.0", more, SOURCE.formatted("")))
        .singleElement()
        .asString()
        .startsWith("m: package p has more than before:")
        .contains("added method p.Sink.takeAll(int[])")
        .contains("must be at least 1.1.0, got 1.0.0; raise @Version");
    assertThat(faults("1.1.0", more, SOURCE.formatted(""))).isEmpty();
  }

  @Test
  void whatPluginsImplementMayOnlyGetDefaults() throws Exception {
    assertThat(faults("1.1.0", SINK.formatted(""), SOURCE.formatted("int more();"))).hasSize(1);
    assertThat(
            faults(
                "1.1.0", SINK.formatted(""), SOURCE.formatted("default int more() { return 1; }")))
        .isEmpty();
  }

  @Test
  void refusesAPackageThatIsGone() throws Exception {
    assertThat(faults("", SINK.formatted(""), SOURCE.formatted("")))
        .singleElement()
        .asString()
        .contains("package p is not exported any more");
  }
}
